#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/log.h"
#include "kafka/producer_api.h"
#include "outbox/inbox.h"

namespace outbox::inbox {

/// Sends what the handler will never take to a topic of its own, one message at a time. Any thread.
class DeadLetters {
 public:
  /// `factory` null: there is no such topic.
  DeadLetters(std::string topic, std::unique_ptr<kafka::ProducerFactory> factory, Log log);
  ~DeadLetters();
  DeadLetters(const DeadLetters&) = delete;
  DeadLetters& operator=(const DeadLetters&) = delete;

  bool available() const { return factory_ != nullptr; }

  /// OK: in Kafka, by a report with a real offset. Key, value and headers are the message's own;
  /// the headers `outbox-dead-from: <topic>/<partition>/<offset>` and `outbox-dead-reason` are
  /// added. Tries for as long as `go_on()` says, with growing pauses. kClosed: it said no. After a
  /// crash the same message may come to the topic again.
  Status send(const Received& received, const std::string& reason,
              const std::function<bool()>& go_on);

 private:
  bool enter(const std::function<bool()>& go_on);
  Status send_alone(const Received& received, const std::string& reason,
                    const std::function<bool()>& go_on);
  Status try_once(const kafka::OutMessage& message, const std::function<bool()>& go_on);
  Status ready();
  void abandon();

  const std::string topic_;
  const std::unique_ptr<kafka::ProducerFactory> factory_;
  const Log log_;
  std::mutex mutex_;  ///< of busy_
  std::condition_variable free_;
  bool busy_ = false;  ///< somebody sends: what follows is his
  int wake_fd_ = -1;
  std::unique_ptr<kafka::ProducerApi> producer_;
  std::unique_ptr<std::string> value_;  ///< of the message that the producer holds
  bool hung_ = false;  ///< a producer was left behind; what it points to stays for ever
};

}  // namespace outbox::inbox
