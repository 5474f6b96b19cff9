#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

namespace outbox::test {

/// Turns a topic's min.insync.replicas between 3 and 1 all the time, so that a leader whose ISR
/// has two members refuses some batches of a pipeline and takes others. Leaves it at 1.
class Flapper {
 public:
  Flapper(const std::string& bootstrap, std::string topic, std::chrono::milliseconds every_ms);
  ~Flapper();
  Flapper(const Flapper&) = delete;
  Flapper& operator=(const Flapper&) = delete;

  int turns() const { return turns_; }

 private:
  void run();
  void set(const char* replicas);

  const std::string topic_;
  const std::chrono::milliseconds every_ms_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* answers_ = nullptr;
  std::atomic<bool> stop_ = false;
  std::atomic<int> turns_ = 0;
  std::jthread thread_;
};

}  // namespace outbox::test
