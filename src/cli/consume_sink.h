#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "cli/child_process.h"
#include "outbox/inbox.h"

namespace outbox::cli {

/// Where `consume` brings its messages, as lines of JSON. Any thread.
class ConsumeSink {
 public:
  virtual ~ConsumeSink() = default;
  /// OK: the message is done, and may be committed. kClosed: nothing is taken any more.
  virtual Status take(const Received& received) = 0;
  /// Why nothing is taken any more.
  virtual Status health() const { return {}; }
  /// No take() shall wait any longer.
  virtual void hurry() {}
};

/// Standard output: done is what was written.
class PrintSink final : public ConsumeSink {
 public:
  Status take(const Received& received) override;
  Status health() const override;

 private:
  mutable std::mutex mutex_;
  Status failure_;
};

/// Children that run the user's command; a message goes to one that is free, and is done when that
/// one has answered `ok`. One that ends, or says anything but `ok` and `fail`, or more than one
/// line, is started anew for the next message.
class ExecSink final : public ConsumeSink {
 public:
  explicit ExecSink(std::string command) : command_(std::move(command)) {}
  /// Ends their input and waits a little for them to end; then kills.
  ~ExecSink() override;

  Status take(const Received& received) override;
  void hurry() override;

 private:
  using Child = std::shared_ptr<ChildProcess>;
  Result<Child> free_one();
  Status answer_of(ChildProcess& child, bool& sound);

  const std::string command_;
  std::mutex mutex_;
  std::vector<Child> free_;
  std::vector<Child> busy_;
  std::atomic<bool> hurry_ = false;
};

}  // namespace outbox::cli
