// What became of the entries that were handed out.
#include "base/check.h"
#include "base/mutant.h"
#include "relay/core_state.h"

namespace outbox::relay {

using kafka::Action;

void Core::State::report(const Report& given) {
  ChannelState& producer = channel(given.channel);
  if (given.generation != producer.generation) return;
  Lane& of = lane(given.lane);
  Partition* partition = of.channel == given.channel ? of.find(given.partition) : nullptr;
  if (partition == nullptr) return;
  const std::size_t index = partition->find_sent(given.seq);
  if (index == Partition::kNone) return;

  --of.in_flight;
  --producer.in_flight;
  partition->active_ms = now;
  const bool believed = given.outcome == Outcome::kNoOffset && mutant(Mutant::kImplicitAckBelieved);
  const bool delivered = believed || (given.outcome == Outcome::kDelivered && given.offset >= 0);
  partition->report(index, delivered ? Slot::State::kDone : Slot::State::kFailed, given.offset);
  touch(of);
  if (delivered) {
    while (partition->front_done()) settle_front(of, *partition);
  } else {
    partition->broken = true;
    failed(of, *partition, given);
  }
  if (partition->broken && partition->in_flight() == 0 && !producer.rebuilding()) {
    partition->rewind();
  }
}

void Core::State::settle_front(Lane& of, Partition& partition) {
  const Slot slot = of.settle(partition, true);
  window.delivered(slot.bytes);
  ++stats.delivered;
  commands.settled.push_back({of.id, partition.id, slot.seq, slot.offset, {}});
  compare_offset(of, partition, slot);
  drop(slot.handle);

  ChannelState& producer = channel(of.channel);
  producer.refused.clear();
  producer.backoff.reset();
  partition.progress_ms = now;
  partition.backoff.reset();
  partition.watchdog_doublings = 0;
  partition.missing_since_ms = -1;
  of.unknown_since_ms = -1;
  if (partition.alone) {
    partition.alone = false;
    partition.slow = false;
  }
  clear_suspect(of, partition, slot.seq);
  if (!of.probing()) return;
  ++of.clean;
  if (!of.stalled.empty()) {
    note(of, false, "no longer stalled (" + of.stalled + ")");
    of.stalled.clear();
    of.stall_backoff.reset();
  }
}

// A log only grows.
void Core::State::compare_offset(const Lane& of, Partition& partition, const Slot& slot) {
  const std::int64_t before = partition.last_offset;
  partition.last_offset = slot.offset;
  if (slot.offset < 0 || slot.offset > before) return;
  ++stats.offsets_back;
  ++stats.alarms;
  note(of, true, offset_back_text(partition.id, slot, before));
}

void Core::State::failed(Lane& of, Partition& partition, const Report& given) {
  switch (given.outcome) {
    case Outcome::kPurged:
      break;
    case Outcome::kDelivered:
    case Outcome::kNoOffset:
      channel(given.channel).blamed = true;
      if (given.channel != Channel::kProbe) trouble(of, partition);
      rebuild(given.channel, "implicit ack", true);
      break;
    case Outcome::kError:
    case Outcome::kRefused:
      if (given.failure.action == Action::kStop) return stop_everything(given.failure.reason);
      if (given.channel != Channel::kProbe) return failed_on_main(of, partition, given);
      return failed_on_probe(of, partition, given);
  }
}

void Core::State::retry_later(Lane& of, Partition& partition) {
  partition.retry_at_ms = now + partition.backoff.next_ms(kRetryMinMs, kRetryMaxMs, random);
  wake(of, partition.retry_at_ms);
}

bool Core::State::grace_over(std::int64_t& since_ms) const {
  if (since_ms < 0) since_ms = now;
  return now - since_ms >= options.unknown_topic_grace_ms;
}

/// For so long that it is no lag of a broker's metadata.
bool Core::State::missing(const Lane& of, Partition& partition) const {
  return grace_over(partition.missing_since_ms) && of.fewer != Lane::Fewer::kSeen;
}

/// The partition is there: the producer's metadata is old, and no refused Produce has librdkafka
/// renew it. The new one has its own grace.
void Core::State::renew_metadata(Channel which, Partition& partition) {
  partition.missing_since_ms = now;
  rebuild(which, "old metadata", true);
}

void Core::State::failed_on_main(Lane& of, Partition& partition, const Report& given) {
  const std::string_view reason = given.failure.reason;
  const bool was_sent = given.outcome == Outcome::kError;
  ChannelState& producer = channel(given.channel);
  switch (given.failure.action) {
    case Action::kNone:
    case Action::kStop:
    case Action::kRetry:
      retry_later(of, partition);
      if (was_sent && given.failure.possibly_persisted) rebuild(given.channel, "doubt", true);
      return;
    case Action::kUnknownTopic:
      retry_later(of, partition);
      commands.refresh_topics.push_back(of.id);
      if (grace_over(of.unknown_since_ms)) stall(of, reason);
      return;
    case Action::kUnknownPartition:
      retry_later(of, partition);
      commands.refresh_topics.push_back(of.id);
      if (!missing(of, partition)) return;
      if (!of.stray(partition.id)) return renew_metadata(given.channel, partition);
      suspect(of, partition, given.seq);
      return to_probe(of, reason);
    case Action::kStall:
      producer.blamed = true;
      if (was_sent) rebuild(given.channel, "stall", true);
      return stall(of, reason);
    case Action::kVerdict:
      if (mutant(Mutant::kVerdictOnBatch)) return verdict(of, partition, reason);
      producer.blamed = true;
      suspect(of, partition, given.seq);
      if (was_sent) rebuild(given.channel, "verdict", true);
      return to_probe(of, reason);
    case Action::kRebuild:
      if (!producer.rebuilding()) {
        producer.blamed = true;
        trouble(of, partition);
      }
      return rebuild(given.channel, "error", true);
  }
}

void Core::State::failed_on_probe(Lane& of, Partition& partition, const Report& given) {
  const std::string_view reason = given.failure.reason;
  of.clean = 0;
  switch (given.failure.action) {
    case Action::kNone:
    case Action::kStop:
    case Action::kRetry:
      if (!of.stalled.empty()) return stall(of, of.stalled);
      return retry_later(of, partition);
    case Action::kUnknownTopic:
      commands.refresh_topics.push_back(of.id);
      if (of.stalled.empty() && !grace_over(of.unknown_since_ms)) return retry_later(of, partition);
      return stall(of, reason);
    case Action::kStall:
      return stall(of, reason);
    case Action::kUnknownPartition:
      commands.refresh_topics.push_back(of.id);
      if (!missing(of, partition)) return retry_later(of, partition);
      if (of.stray(partition.id)) return verdict(of, partition, reason);
      retry_later(of, partition);
      return renew_metadata(Channel::kProbe, partition);
    case Action::kVerdict:
      return verdict(of, partition, reason);
    case Action::kRebuild:
      retry_later(of, partition);
      return rebuild(Channel::kProbe, "error", true);
  }
}

}  // namespace outbox::relay
