// The driver's half that does what the core commands.
#include <algorithm>
#include <utility>

#include "base/mutant.h"
#include "base/step.h"
#include "kafka/error_table.h"
#include "relay/driver.h"

namespace outbox::relay {
namespace {

std::string name_of(Channel channel) {
  if (channel == Channel::kProbe) return "probe";
  return channel == Channel::kMain ? "main" : "main " + std::to_string(index_of(channel) + 1);
}

}  // namespace

// In the order that core_types.h asks for.
void Driver::execute(std::int64_t now_ms, Commands& commands) {
  execute_produce(commands.produce);
  execute_settled(commands.settled);
  execute_advance(commands.advance);
  for (const Bury& command : commands.bury) execute_bury(command);
  for (const Purged& command : commands.purged) execute_purged(command);
  for (const RecordPartitionCount& command : commands.record_counts) execute_record_count(command);
  for (const Handle handle : commands.release) payloads_.release(handle);
  for (const Read& command : commands.reads) execute_read(command);
  for (const CloseProducer& command : commands.close) execute_close(command);
  for (const OpenProducer& command : commands.open) {
    if (command.generation != 0 && admit(LogKind::kRebuild, now_ms)) {
      log_->info("{} Kafka producer {}: {}", name_of(command.channel), command.generation,
                 command.reason);
    }
    producer(command.channel).open(command, now_ms);
  }
  if (!commands.refresh_topics.empty() && observer_ != nullptr) observer_->refresh_soon();
  for (const Note& note : commands.notes) log_note(now_ms, note);
}

void Driver::execute_produce(const std::vector<Produce>& commands) {
  for (const Produce& command : commands) {
    ChannelProducer& producer = this->producer(command.channel);
    if (!producer.takes(command.generation)) continue;
    // Once one is refused, those behind it must not overtake it.
    const auto same_place = std::find_if(refused_.begin(), refused_.end(), [&](const Report& r) {
      return r.channel == command.channel && r.lane == command.lane &&
             r.partition == command.partition;
    });
    Report refusal{command.channel, command.generation, command.lane, command.partition,
                   command.seq,     Outcome::kRefused,  -1,           {}};
    if (same_place != refused_.end()) {
      refusal.failure = same_place->failure;
      refused_.push_back(refusal);
      continue;
    }
    reach(Step::kBeforeProduce);
    const bool skipped = mutant(Mutant::kHeadBeforeSend);
    const std::int32_t error = skipped ? 0 : hand_over(command, producer);
    if (skipped || (error == 0 && mutant(Mutant::kHeadBeforeReport))) {
      refusal.outcome = Outcome::kDelivered;
      refusal.offset = 0;
      refused_.push_back(refusal);
    }
    reach(Step::kProduced);
    if (error == 0) continue;
    refusal.failure = {kafka::action_for(error), kafka::error_text(error), false};
    refused_.push_back(refusal);
    // Its notice would come when the instance may be gone already.
    if (const std::int32_t cause = producer.instance()->fatal_cause(); cause != 0) {
      answers_.push_back([this, command, cause](std::int64_t now_ms) {
        core_.producer_fatal(now_ms, command.channel, command.generation, kafka::action_for(cause),
                             kafka::error_text(cause));
      });
    }
  }
}

std::int32_t Driver::hand_over(const Produce& command, ChannelProducer& producer) {
  if (command.may_linger) payloads_.copy_out(command.handle);
  const Payloads::Payload& payload = payloads_.get(command.handle);
  kafka::OutMessage& message = builder_.build(payload.record, command.seq, command.prev);
  std::int32_t error = 0;
  message.topic = producer.topic(command.lane, lanes_.get(command.lane).topic, error);
  if (message.topic == nullptr) return error;
  message.partition = command.partition;
  message.opaque = command.handle;
  error = producer.instance()->produce(message);
  if (error == 0) payloads_.lend(command.handle, command.channel);
  return error;
}

void Driver::execute_settled(const std::vector<Settled>& commands) {
  for (const Settled& command : commands) {
    if (!store_.wants_outcome(command.lane, command.seq)) continue;
    endings_.push_back({command.lane, command.seq, command.seq, command.partition, command.offset,
                        std::string(command.death)});
  }
  callbacks_->push(endings_);
}

void Driver::execute_advance(const std::vector<Advance>& commands) {
  for (const Advance& command : commands) {
    reach(Step::kBeforeAdvance);
    store_.advance(command.lane, *command.progress, command.delivered);
    reach(Step::kAdvanced);
    const std::lock_guard lock(core_mutex_);
    lanes_.update_pending(command.lane, *command.progress);
  }
  if (store_.unrecorded() >= record_at_entries_) store_.record_soon();
}

void Driver::execute_bury(const Bury& command) {
  const Status status =
      store_.bury(command.lane, command.seq, command.partition, command.reason, command.progress);
  if (status.ok()) {
    const std::lock_guard lock(core_mutex_);
    lanes_.update_pending(command.lane, command.progress);
    if (admit(LogKind::kLane, now())) {
      log_->warn("dead letter: {} {}: {}", lanes_.get(command.lane).topic, command.seq,
                 command.reason);
    }
  } else if (admit(LogKind::kStore, now())) {
    log_->error("cannot bury {} {}: {}", lanes_.get(command.lane).topic, command.seq,
                status.to_string());
  }
  answers_.push_back([this, lane = command.lane, seq = command.seq, ok = status.ok()](
                         std::int64_t now_ms) { core_.buried(now_ms, lane, seq, ok); });
}

void Driver::execute_purged(const Purged& command) {
  const auto waiting = purges_.find(command.lane);
  PurgeRecord record{lanes_.get(command.lane).topic,
                     command.from,
                     command.through,
                     command.count,
                     clock_.wall_ms(),
                     waiting == purges_.end() ? std::string() : waiting->second.who};
  Result<PurgeRecord> recorded = record;
  if (command.count > 0) {
    recorded = store_.record_purge(command.lane, std::move(record), command.progress);
  }
  if (recorded.ok()) {
    endings_.push_back({command.lane, command.from, command.through, -1, -1, "purged"});
    callbacks_->push(endings_);
    const std::lock_guard lock(core_mutex_);
    lanes_.update_pending(command.lane, command.progress);
  }
  answers_.push_back([this, lane = command.lane, ok = recorded.ok()](std::int64_t now_ms) {
    core_.purge_recorded(now_ms, lane, ok);
  });
  if (waiting == purges_.end()) return;
  waiting->second.promise->set_value(std::move(recorded));
  purges_.erase(waiting);
}

void Driver::execute_record_count(const RecordPartitionCount& command) {
  const Status status = store_.record_partition_count(command.lane, command.count);
  if (!status.ok() && admit(LogKind::kStore, now())) {
    log_->error("cannot record the partitions of {}: {}", lanes_.get(command.lane).topic,
                status.to_string());
  }
  answers_.push_back([this, command, ok = status.ok()](std::int64_t now_ms) {
    if (ok) lanes_.record(command.lane, command.count);
    core_.partition_count_recorded(now_ms, command.lane, ok);
  });
}

void Driver::execute_read(const Read& command) {
  auto slab = store_.read(command.lane, command.from, command.entries_max, command.bytes_max);
  if (!slab.ok()) {
    const std::string reason = slab.status().to_string();
    if (admit(LogKind::kStore, now())) {
      log_->error("cannot read {} from {}: {}", lanes_.get(command.lane).topic, command.from,
                  reason);
    }
    answers_.push_back([this, lane = command.lane, id = command.id, reason](std::int64_t now_ms) {
      core_.read_failed(now_ms, lane, id, reason);
    });
    return;
  }
  // Placed only when answered: an answer before it may have recorded a partition count.
  answers_.push_back([this, command, slab = std::move(slab).value()](std::int64_t now_ms) {
    Runs::Run run;
    run.reserve(slab->entries().size());
    for (const store::SlabEntry& entry : slab->entries()) run.push_back(&entry);
    if (!add_metas(run)) {
      core_.read_failed(now_ms, command.lane, command.id, "a record that was read is damaged");
      return;
    }
    const Seq reached = run.empty() ? command.from - 1 : run.back()->seq;
    core_.entries(now_ms, command.lane, command.id, metas_, reached);
  });
}

void Driver::execute_close(const CloseProducer& command) {
  forget_payloads(command.channel, producer(command.channel).close());
}

void Driver::forget_payloads(Channel channel, ChannelProducer::Step step) {
  if (step == ChannelProducer::Step::kGone) payloads_.producer_gone(channel);
  if (step == ChannelProducer::Step::kLeftBehind) payloads_.producer_left_behind(channel);
}

void Driver::log_note(std::int64_t now_ms, const Note& note) {
  if (!admit(LogKind::kLane, now_ms)) return;
  log_->log(note.alarm ? spdlog::level::err : spdlog::level::warn, "topic {}: {}",
            lanes_.known(note.lane) ? lanes_.get(note.lane).topic : "(all)", note.text);
}

}  // namespace outbox::relay
