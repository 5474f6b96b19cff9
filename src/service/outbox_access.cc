#include "service/outbox_access.h"

namespace outbox::service {

Result<std::vector<Appended>> OutboxAccess::append(std::span<const Message> messages) {
  if (messages.size() != 1) return outbox_.append_batch(messages);
  const auto appended = outbox_.append(messages.front());
  if (!appended.ok()) return appended.status();
  return std::vector<Appended>{*appended};
}

Result<Stats> OutboxAccess::stats() { return outbox_.stats(); }

Result<std::vector<StoredEntry>> OutboxAccess::peek(const std::string& topic, Seq from,
                                                    std::size_t count) {
  return outbox_.peek(topic, from, count);
}

Result<std::vector<DeadLetter>> OutboxAccess::dead_letters(const std::string& topic, Seq from,
                                                           std::size_t count) {
  return outbox_.dead_letters(topic, from, count);
}

Result<DeadLetter> OutboxAccess::dead_letter(const std::string& topic, Seq seq) {
  return outbox_.dead_letter(topic, seq);
}

Result<Appended> OutboxAccess::requeue(const std::string& topic, Seq seq) {
  return outbox_.requeue(topic, seq);
}

Status OutboxAccess::drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) {
  return outbox_.drop_dead_letter(topic, seq, who);
}

Result<PurgeRecord> OutboxAccess::purge(const std::string& topic, Seq through,
                                        const std::string& who) {
  return outbox_.purge(topic, through, who);
}

Result<std::vector<PurgeRecord>> OutboxAccess::purges() { return outbox_.purges(); }

Status OutboxAccess::pause(const std::string& topic) {
  const Status status = need_relay(topic);
  if (status.ok()) relay_->pause(topic);
  return status;
}

Status OutboxAccess::resume(const std::string& topic) {
  const Status status = need_relay(topic);
  if (status.ok()) relay_->resume(topic);
  return status;
}

Status OutboxAccess::accept(const std::string& topic) {
  const Status status = need_relay(topic);
  return status.ok() ? relay_->accept(topic) : status;
}

Status OutboxAccess::need_relay(const std::string& topic) const {
  if (relay_ != nullptr) return topic.empty() ? Status() : outbox_.settled_through(topic).status();
  return {Code::kNotFound, "no relay runs on this outbox; start one with outbox-relay run"};
}

}  // namespace outbox::service
