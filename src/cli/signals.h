#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "service/fd.h"

namespace outbox::cli {

/// Turns SIGTERM and SIGINT into a request to stop; the second one ends the
/// process at once (nothing is lost: what was acknowledged is on disk). Create
/// it before any other thread, so that all inherit the blocked signals.
class StopSignal {
 public:
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  /// True: stop now. False: the time passed.
  bool wait_for(std::chrono::milliseconds time);

 private:
  void watch();

  service::Fd signals_;
  service::Fd end_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;
  std::thread thread_;
};

}  // namespace outbox::cli
