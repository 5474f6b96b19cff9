#pragma once

#include <chrono>
#include <coroutine>
#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace outbox::test {

/// What a Course waits for. `what` names it when it does not come.
struct Until {
  Until() = default;
  // Not an aggregate: g++ 12 destroys one twice that is made in a co_await expression.
  Until(std::function<bool()> until, std::string name)
      : condition(std::move(until)), what(std::move(name)) {}
  std::function<bool()> condition;
  std::string what;
};

/// A sequence of steps with waits between them, `co_await Until{...}`, so that many tests that
/// mostly wait run on one thread: Catch's assertions allow no other. An INFO must not live across
/// a wait.
class Course {
 public:
  struct promise_type {
    Until waits;
    std::chrono::steady_clock::time_point since;
    std::exception_ptr failed;

    Course get_return_object() { return Course(Handle::from_promise(*this)); }
    std::suspend_always initial_suspend() { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    std::suspend_always await_transform(Until until) {
      waits = std::move(until);
      since = std::chrono::steady_clock::now();
      return {};
    }
    void return_void() {}
    void unhandled_exception() { failed = std::current_exception(); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  explicit Course(Handle handle) : handle_(handle) {}
  Course(Course&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Course& operator=(Course&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Course() {
    if (handle_) handle_.destroy();
  }

  /// One step, if what it waits for is there; rethrows what it throws. The test fails when it
  /// has waited for longer than `patience`.
  void poll(std::chrono::milliseconds patience);
  bool done() const { return handle_.done(); }

 private:
  Handle handle_;
};

/// All of them to their ends, each wait no longer than `patience`.
void run_side_by_side(std::vector<Course> courses, std::chrono::milliseconds patience);

}  // namespace outbox::test
