#include "inbox/workers.h"

#include <utility>

#include "base/thread_name.h"

namespace outbox::inbox {

std::size_t bytes_of(const Received& received) {
  const Message& message = received.message;
  std::size_t bytes = sizeof(Job) + message.topic.size();
  if (message.key) bytes += message.key->size();
  if (message.value) bytes += message.value->size();
  for (const Header& header : message.headers) {
    bytes += sizeof(Header) + header.name.size() + (header.value ? header.value->size() : 0);
  }
  return bytes;
}

Workers::Workers(std::size_t count, std::size_t messages_max, std::size_t bytes_max, Work work)
    : messages_max_(messages_max), bytes_max_(bytes_max), work_(std::move(work)) {
  for (std::size_t i = 0; i < count; ++i) queues_.push_back(std::make_unique<Queue>());
  for (auto& queue : queues_) queue->thread = std::thread([this, &queue] { run(*queue); });
}

Workers::~Workers() { stop(); }

void Workers::push(std::uint64_t lane, Job job) {
  ++messages_;
  bytes_ += job.bytes;
  Queue& queue = *queues_[lane % queues_.size()];
  const std::lock_guard lock(queue.mutex);
  queue.jobs.push_back(std::move(job));
  if (queue.jobs.size() == 1) queue.changed.notify_one();
}

void Workers::run(Queue& queue) {
  name_thread("inbox-worker");
  std::deque<Job> taken;
  while (true) {
    {
      std::unique_lock lock(queue.mutex);
      queue.changed.wait(lock, [&] { return queue.stopping || !queue.jobs.empty(); });
      if (queue.stopping) return;
      taken.swap(queue.jobs);
    }
    // Those of a partition that has ended are dropped by whoever does the work.
    for (const Job& job : taken) {
      work_(job);
      leave(job);
    }
    taken.clear();
  }
}

void Workers::leave(const Job& job) {
  --messages_;
  bytes_ -= job.bytes;
  if (!room_wanted_ || !half_empty()) return;
  const std::lock_guard lock(room_mutex_);
  room_.notify_all();
}

void Workers::wait_for_room(std::chrono::milliseconds time) {
  std::unique_lock lock(room_mutex_);
  room_wanted_ = true;
  room_.wait_for(lock, time, [this] { return half_empty(); });
  room_wanted_ = false;
}

void Workers::stop() {
  for (auto& queue : queues_) {
    const std::lock_guard lock(queue->mutex);
    queue->stopping = true;
    queue->changed.notify_one();
  }
  for (auto& queue : queues_) {
    if (queue->thread.joinable()) queue->thread.join();
  }
}

}  // namespace outbox::inbox
