#include "support/fake_producer.h"

#include <utility>

namespace outbox::test {

kafka::TopicHandle FakeProducer::topic(const std::string& name, std::int32_t& error) {
  error = 0;
  topics_.push_back(name);
  return &topics_.back();
}

std::int32_t FakeProducer::produce(const kafka::OutMessage& message) {
  if (refuse_with != 0) return refuse_with;
  taken.push_back({message.opaque, message.partition, std::string(message.value.value_or(""))});
  return 0;
}

bool FakeProducer::poll(kafka::Polled& into, std::size_t /*events_max*/) {
  into = std::exchange(waiting, {});
  return false;
}

void FakeProducer::report(std::int32_t error, std::int64_t offset) {
  waiting.reports.push_back({taken.front().opaque, error, taken.front().partition, offset, false});
  taken.pop_front();
}

Result<std::unique_ptr<kafka::ProducerApi>> FakeFactory::make(const Request& request,
                                                              int /*wake_fd*/) {
  if (refuse) return Status(Code::kKafka, "refused");
  requests.push_back(request);
  auto made = std::make_unique<FakeProducer>();
  last = made.get();
  return std::unique_ptr<kafka::ProducerApi>(std::move(made));
}

bool FakeFactory::unmake(std::unique_ptr<kafka::ProducerApi> /*producer*/,
                         std::chrono::milliseconds /*limit*/) {
  ++unmade;
  return !hangs;
}

}  // namespace outbox::test
