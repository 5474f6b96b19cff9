#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "inbox/partition.h"
#include "outbox/inbox.h"

namespace outbox::inbox {

/// A message on its way to the handler.
struct Job {
  std::shared_ptr<Partition> partition;
  Received received;
  std::size_t bytes = 0;  ///< memory it holds, about
};

/// About what a message takes in memory.
std::size_t bytes_of(const Received& received);

/// N threads with a queue each. What has one `lane` is done by one thread, in the order of push().
class Workers {
 public:
  using Work = std::function<void(const Job&)>;

  Workers(std::size_t count, std::size_t messages_max, std::size_t bytes_max, Work work);
  /// As stop().
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void push(std::uint64_t lane, Job job);
  /// What waits is dropped; waits for what is in the handlers' hands.
  void stop();

  bool full() const { return messages_ >= messages_max_ || bytes_ >= bytes_max_; }
  bool half_empty() const { return 2 * messages_ <= messages_max_ && 2 * bytes_ <= bytes_max_; }
  /// Until it is half empty, or the time is over: a message for each that leaves would wake both
  /// sides each time.
  void wait_for_room(std::chrono::milliseconds time);
  std::size_t messages() const { return messages_; }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Queue {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Job> jobs;
    bool stopping = false;
    std::thread thread;
  };
  void run(Queue& queue);
  void leave(const Job& job);

  const std::size_t messages_max_;
  const std::size_t bytes_max_;
  const Work work_;
  std::atomic<std::size_t> messages_ = 0;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<bool> room_wanted_ = false;
  std::mutex room_mutex_;
  std::condition_variable room_;
  std::vector<std::unique_ptr<Queue>> queues_;
};

}  // namespace outbox::inbox
