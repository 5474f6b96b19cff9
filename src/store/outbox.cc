#include "outbox/outbox.h"

#include "store/store.h"

namespace outbox {

Outbox::Outbox(std::unique_ptr<store::Store> store) : store_(std::move(store)) {}
Outbox::~Outbox() = default;

Result<std::unique_ptr<Outbox>> Outbox::open(const std::filesystem::path& dir, Options options) {
  auto store = store::Store::open(dir, std::move(options));
  if (!store.ok()) return store.status();
  return std::unique_ptr<Outbox>(new Outbox(std::move(*store)));
}

Result<Appended> Outbox::append(const Message& message, DeliveryCallback on_delivered) {
  return store_->append(message, std::move(on_delivered));
}

void Outbox::append_async(const Message& message, AppendCallback done,
                          DeliveryCallback on_delivered) {
  store_->append_async(message, std::move(done), std::move(on_delivered));
}

Result<std::vector<Appended>> Outbox::append_batch(std::span<const Message> messages) {
  return store_->append_batch(messages);
}

Status Outbox::flush_until(const std::string& topic, Seq seq, std::chrono::milliseconds timeout) {
  return store_->flush_until(topic, seq, timeout);
}

Result<Seq> Outbox::settled_through(const std::string& topic) const {
  return store_->settled_through(topic);
}

Result<Stats> Outbox::stats() const { return store_->stats(); }

Result<std::vector<StoredEntry>> Outbox::peek(const std::string& topic, Seq from,
                                              std::size_t count) const {
  return store_->peek(topic, from, count);
}

Result<std::vector<DeadLetter>> Outbox::dead_letters(const std::string& topic, Seq from,
                                                     std::size_t count) const {
  return store_->dead_letters(topic, from, count);
}

Result<DeadLetter> Outbox::dead_letter(const std::string& topic, Seq seq) const {
  return store_->dead_letter(topic, seq);
}

Result<Appended> Outbox::requeue(const std::string& topic, Seq seq) {
  return store_->requeue(topic, seq);
}

Status Outbox::drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) {
  return store_->drop_dead_letter(topic, seq, who);
}

Result<PurgeRecord> Outbox::purge(const std::string& topic, Seq through, const std::string& who) {
  return store_->purge(topic, through, who);
}

Result<std::vector<PurgeRecord>> Outbox::purges() const { return store_->purges(); }

store::Store& Outbox::store() { return *store_; }

}  // namespace outbox
