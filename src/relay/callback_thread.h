#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "outbox/message.h"
#include "store/format.h"
#include "store/store.h"

namespace outbox::relay {

/// An entry's end, on its way to its DeliveryCallback.
struct Ending {
  store::LaneId lane = 0;
  Seq seq = 0;
  /// With a purge, up to here; those of them that were settled before have no callback any more.
  Seq last = 0;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  /// Non-empty: dead or purged.
  std::string death;
};

/// Runs delivery callbacks on a thread of its own, in the order they are
/// pushed, so that a slow one holds up other callbacks and not the relay. Only when
/// kEndingsMax wait does push() wait too: memory is bounded, none is dropped.
class CallbackThread {
 public:
  static constexpr std::size_t kEndingsMax = 1'000'000;

  explicit CallbackThread(store::Store& store);
  /// Runs what was pushed, then ends.
  ~CallbackThread();
  CallbackThread(const CallbackThread&) = delete;
  CallbackThread& operator=(const CallbackThread&) = delete;

  /// Relay thread. Takes the endings and leaves `endings` empty.
  void push(std::vector<Ending>& endings);

 private:
  void run();
  void settle(const Ending& ending);

  store::Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Ending> waiting_;
  bool stopping_ = false;
  std::vector<std::string> topics_;  ///< by lane; callback thread only
  std::thread thread_;
};

}  // namespace outbox::relay
