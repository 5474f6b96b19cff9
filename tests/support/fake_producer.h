#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "kafka/producer_api.h"

namespace outbox::test {

/// A producer that keeps what it is given until the test reports it.
class FakeProducer final : public kafka::ProducerApi {
 public:
  kafka::TopicHandle topic(const std::string& name, std::int32_t& error) override;
  std::int32_t produce(const kafka::OutMessage& message) override;
  std::int32_t fatal_cause() const override { return 0; }
  bool poll(kafka::Polled& into, std::size_t events_max) override;
  void purge() override { purged = true; }
  std::size_t unreported() const override { return taken.size(); }

  /// Reports the oldest message.
  void report(std::int32_t error, std::int64_t offset);

  struct Taken {
    std::uintptr_t opaque = 0;
    std::int32_t partition = -1;
    std::string value;
  };
  std::deque<Taken> taken;
  kafka::Polled waiting;
  std::int32_t refuse_with = 0;
  bool purged = false;

 private:
  std::deque<std::string> topics_;
};

/// Makes FakeProducers and remembers how.
class FakeFactory final : public kafka::ProducerFactory {
 public:
  Result<std::unique_ptr<kafka::ProducerApi>> make(const Request& request, int wake_fd) override;
  bool unmake(std::unique_ptr<kafka::ProducerApi> producer,
              std::chrono::milliseconds limit) override;

  std::vector<Request> requests;
  FakeProducer* last = nullptr;
  bool refuse = false;
  bool hangs = false;
  int unmade = 0;
};

}  // namespace outbox::test
