#include "support/side_by_side.h"

#include <catch2/catch.hpp>
#include <thread>

namespace outbox::test {
namespace {

// Looking costs; most waits are for seconds.
constexpr std::chrono::milliseconds kLookMs{50};

}  // namespace

void Course::poll(std::chrono::milliseconds patience) {
  promise_type& promise = handle_.promise();
  if (promise.waits.condition && !promise.waits.condition()) {
    const auto waited = std::chrono::steady_clock::now() - promise.since;
    if (waited > patience) FAIL("it did not come: " << promise.waits.what);
    return;
  }
  handle_.resume();
  if (promise.failed) std::rethrow_exception(promise.failed);
}

void run_side_by_side(std::vector<Course> courses, std::chrono::milliseconds patience) {
  while (!courses.empty()) {
    for (Course& course : courses) course.poll(patience);
    std::erase_if(courses, [](const Course& course) { return course.done(); });
    if (!courses.empty()) std::this_thread::sleep_for(kLookMs);
  }
}

}  // namespace outbox::test
