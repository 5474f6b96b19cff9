#include "inbox/engine.h"

#include <functional>
#include <string_view>
#include <utility>

#include "base/thread_name.h"
#include "kafka/error_table.h"
#include "kafka/producer_factory.h"

namespace outbox::inbox {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPollWait{100};
constexpr milliseconds kRoomWait{50};
constexpr std::size_t kEventsMax = 1'000;
// Workers that are merely busy have room again within this; pausing throws away what is fetched.
constexpr std::int64_t kPauseAfter_ms = 500;
constexpr std::int64_t kBalance_ms = 50;
constexpr milliseconds kDestroyLimit{10'000};
constexpr int kWarningLevel = 4;  // syslog's

std::uint64_t mix(std::uint64_t seed, std::string_view text) {
  return seed * 0x9e3779b97f4a7c15U + std::hash<std::string_view>{}(text);
}

}  // namespace

Engine::Engine(EngineParts parts, InboxOptions options, InboxHandler handler)
    : options_(std::move(options)),
      log_(parts.log),
      clock_(*parts.clock),
      store_(std::move(parts.store)),
      consumer_(std::move(parts.consumer)),
      metadata_(commit_metadata(store_ ? store_->id() : "")),
      dead_letters_(options_.dead_letter_topic, std::move(parts.dead_letter_producers), log_),
      handling_(options_, std::move(handler), *this, dead_letters_, tally_,
                {[this](const Job& job, const std::string& reason) {
                   const std::lock_guard lock(mutex_);
                   halts_.push_back({job.partition->where(), job.partition, reason});
                 },
                 [this](const Status& status) { fail(status); },
                 [this](const InboxEvent& event) { tell(event); }}) {}

Engine::~Engine() {
  (void)stop(options_.stop_deadline_ms);
  leave();
}

/// It says good-bye to the group, for which the brokers may not be there.
void Engine::leave() {
  if (!consumer_) return;
  (void)kafka::finishes_within([consumer = consumer_.release()] { delete consumer; },
                               kDestroyLimit);
}

Status Engine::start() {
  if (Status status = begin(); !status.ok()) return status;
  workers_ = std::make_unique<Workers>(options_.workers, options_.queued_messages_max,
                                       options_.queued_bytes_max,
                                       [this](const Job& job) { handling_.run(job); });
  thread_ = std::thread([this] { run(); });
  return {};
}

Status Engine::stop(milliseconds timeout) {
  const std::lock_guard one(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) stop_by_ = std::chrono::steady_clock::now() + timeout;
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
  if (workers_) workers_->stop();
  const std::lock_guard lock(mutex_);
  return ending_;
}

void Engine::run() {
  name_thread("inbox-poll");
  while (!stopping_ && !failed_) turn();
  finish();
  // Not only when the object goes: who does not poll would keep its partitions from the others.
  leave();
}

void Engine::turn() {
  take_orders();
  balance();
  if (workers_->full() && !pausing_all_) {
    workers_->wait_for_room(kRoomWait);
  } else {
    consumer_->poll(events_, {kEventsMax, options_.queued_bytes_max / 2 + 1}, kPollWait);
    for (kafka::ConsumerEvent& event : events_) take(event);
    events_.clear();
  }
  resolve_pending();
  commit_if_due();
}

void Engine::take(kafka::ConsumerEvent& event) {
  std::visit([this](auto& what) { take(what); }, event);
}

void Engine::take(Received& received) {
  Slot* const slot = find(received.message);
  if (slot == nullptr || !slot->partition) return;
  const std::shared_ptr<Partition>& partition = slot->partition;
  const Admission admission = partition->admit(received, clock_.wall_ms());
  if (admission.opened) {
    ++tally_.gaps_opened;
    tell({InboxEvent::Kind::kGap, partition->where().topic, partition->where().partition,
          received.offset, admission.opened->last - admission.opened->first + 1,
          "numbers " + std::to_string(admission.opened->first) + ".." +
              std::to_string(admission.opened->last) + " have not come"});
  }
  if (admission.fate != Fate::kIgnored && admission.fate != Fate::kRead) ++tally_.received;
  if (admission.fate == Fate::kDuplicate) ++tally_.duplicates;
  if (admission.fate == Fate::kDone) ++tally_.skipped_done;
  if (admission.late) ++tally_.late;
  if (admission.fate == Fate::kWork) hand_out(partition, std::move(received));
}

Engine::Slot* Engine::find(const Message& message) {
  const std::int32_t number = message.partition.value_or(-1);
  if (last_slot_ != nullptr && last_slot_->partition &&
      last_slot_->partition->where().partition == number &&
      last_slot_->partition->where().topic == message.topic) {
    return last_slot_;
  }
  const auto found = slots_.find({message.topic, number});
  last_slot_ = found == slots_.end() ? nullptr : &found->second;
  return last_slot_;
}

void Engine::hand_out(const std::shared_ptr<Partition>& partition, Received received) {
  const kafka::TopicPartition& where = partition->where();
  const bool by_key = options_.order == InboxOrder::kKey && received.message.key;
  const std::uint64_t lane = by_key ? mix(0, *received.message.key)
                                    : mix(static_cast<std::uint64_t>(where.partition), where.topic);
  const std::size_t bytes = bytes_of(received);
  workers_->push(lane, {partition, std::move(received), bytes});
}

void Engine::take(const kafka::CommitResult& result) {
  // While a group rebalances each commit fails in the same way: said once.
  if (result.error != 0 && result.error != commit_error_) {
    log_->warn("inbox: a commit failed: {}; tried again", kafka::error_text(result.error));
  }
  commit_error_ = result.error;
  if (result.error != 0) return;
  ++tally_.commits;
  for (const kafka::PartitionOffset& at : result.offsets) {
    const auto found = slots_.find(at.where);
    if (found != slots_.end() && found->second.partition) {
      found->second.partition->committed(at.offset);
    }
  }
}

void Engine::take(const kafka::Notice& notice) {
  if (notice.kind == kafka::Notice::Kind::kFatal) {
    return fail({Code::kKafka, "librdkafka gave up: " + notice.text});
  }
  if (notice.kind == kafka::Notice::Kind::kLog && notice.level > kWarningLevel) {
    log_->debug("inbox: {}", notice.text);
  } else {
    log_->warn("inbox: {}", notice.text);
  }
}

// Too much in the queues for longer than a moment, or too much above the first unfinished message
// of one partition: nothing more is fetched until half of it is gone.
void Engine::balance() {
  const std::int64_t now_ms = clock_.mono_ms();
  if (!workers_->full()) full_since_ms_ = -1;
  if (workers_->full() && full_since_ms_ < 0) full_since_ms_ = now_ms;
  const bool before = pausing_all_;
  if (full_since_ms_ >= 0 && now_ms - full_since_ms_ >= kPauseAfter_ms) pausing_all_ = true;
  if (workers_->half_empty()) pausing_all_ = false;
  if (pausing_all_ == before && !every(balanced_ms_, kBalance_ms)) return;
  for (auto& [where, slot] : slots_) {
    if (!slot.partition) continue;
    const std::size_t span = slot.partition->span();
    if (span >= options_.unfinished_span_max) slot.crowded = true;
    if (2 * span <= options_.unfinished_span_max) slot.crowded = false;
  }
  pause_where_needed();
}

void Engine::pause_where_needed() {
  Partitions to_pause;
  Partitions to_resume;
  for (auto& [where, slot] : slots_) {
    const bool wanted =
        pausing_all_ || slot.crowded || !slot.partition || !slot.halted.empty() || slot.ends_wanted;
    if (wanted == slot.paused) continue;
    slot.paused = wanted;
    (wanted ? to_pause : to_resume).push_back(where);
  }
  const Status paused = to_pause.empty() ? Status() : consumer_->pause(to_pause);
  const Status resumed = to_resume.empty() ? Status() : consumer_->resume(to_resume);
  for (const Status& status : {paused, resumed}) {
    if (!status.ok()) log_->warn("inbox: {}", status.message());
  }
}

void Engine::fail(const Status& status) {
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return;
    failure_ = status;
    failed_ = true;
  }
  log_->error("inbox: stopped: {}", status.to_string());
  tell({InboxEvent::Kind::kFailed, "", -1, -1, 0, status.to_string()});
}

void Engine::tell(const InboxEvent& event) {
  const std::lock_guard lock(tell_mutex_);
  if (event.kind == InboxEvent::Kind::kDeadLetter && dead_letter_lines_.admit(clock_.mono_ms())) {
    log_->warn("inbox: dead letter: {}/{} offset {}: {}{}", event.topic, event.partition,
               event.offset, event.text, dead_letter_lines_.left_out());
  }
  if (options_.on_event) options_.on_event(event);
}

bool Engine::every(std::int64_t& last_ms, std::int64_t interval_ms) const {
  const std::int64_t now_ms = clock_.mono_ms();
  if (now_ms - last_ms < interval_ms) return false;
  last_ms = now_ms;
  return true;
}

Status Engine::health() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

rocksdb::DB* Engine::db() const { return store_ ? &store_->db() : nullptr; }

rocksdb::ColumnFamilyHandle* Engine::family(const std::string& name) const {
  // Our own is not theirs to write to.
  return store_ && name != Store::kFamily ? store_->family(name) : nullptr;
}

}  // namespace outbox::inbox
