#include "fresh_outbox.h"

#include "measure.h"

namespace outbox::bench {

FreshOutbox::FreshOutbox(std::filesystem::path dir) : dir_(std::move(dir)) {
  std::filesystem::remove_all(dir_);
  outbox_ = value_of(Outbox::open(dir_, Options{}));
}

FreshOutbox::~FreshOutbox() {
  outbox_.reset();
  std::filesystem::remove_all(dir_);
}

void FreshOutbox::fill(const Message& message, std::uint64_t count) {
  const std::vector<Message> batch(kFillEntries, message);
  for (std::uint64_t i = 0; i < count; i += kFillEntries) must(outbox_->append_batch(batch));
}

void FreshOutbox::append_through(Relay& relay, const std::vector<Message>& turn,
                                 std::uint64_t count) {
  const std::uint64_t all = durable_ + count;
  const AppendCallback done = [this, all](const Result<Appended>& appended) {
    must(appended);
    if (durable_.fetch_add(1) + 1 == all) durable_.notify_one();
  };
  std::size_t next = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    outbox_->append_async(turn[next], done);
    next = next + 1 == turn.size() ? 0 : next + 1;
  }
  for (std::uint64_t now = 0; (now = durable_) < all;) durable_.wait(now);
  must(relay.drain(kDrainMax));
}

Message message_of(const std::string& topic, const std::string& value) {
  Message message;
  message.topic = topic;
  message.value = value;
  return message;
}

void must_be_durable(const Result<Appended>& appended) { must(appended); }

Troubles troubles_of(const Relay& relay) {
  const RelayStats stats = relay.stats();
  Troubles troubles{stats.resent, 0};
  for (const auto& [reason, count] : stats.rebuilds) troubles.rebuilds += count;
  return troubles;
}

}  // namespace outbox::bench
