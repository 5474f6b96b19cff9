// The driver's half that tells the core what happened.
#include <algorithm>

#include "base/step.h"
#include "kafka/error_table.h"
#include "relay/driver.h"

namespace outbox::relay {
namespace {

// Events that are taken from a producer before commands are executed; one may hold many reports.
constexpr std::size_t kEventsPerPoll = 64;
// Delivery reports of our own purge, and of an instance that is being destroyed.
constexpr std::int32_t kPurgeQueue = -152;
constexpr std::int32_t kPurgeInflight = -151;
constexpr std::int32_t kDestroyed = -197;
// syslog's, as librdkafka uses them.
constexpr int kErrorLevel = 3;
constexpr int kWarningLevel = 4;

kafka::Failure failure_of(std::int32_t error, bool possibly_persisted) {
  return {kafka::action_for(error), kafka::error_text(error), possibly_persisted};
}

Outcome outcome_of(const kafka::Report& report) {
  if (report.error == 0) return report.offset >= 0 ? Outcome::kDelivered : Outcome::kNoOffset;
  const bool purged =
      report.error == kPurgeQueue || report.error == kPurgeInflight || report.error == kDestroyed;
  return purged ? Outcome::kPurged : Outcome::kError;
}

}  // namespace

void Driver::feed_controls(std::int64_t now_ms) {
  std::vector<Control> controls;
  {
    const std::lock_guard lock(control_mutex_);
    controls.swap(controls_);
  }
  if (controls.empty()) return;
  const std::lock_guard lock(core_mutex_);
  for (const Control& control : controls) control(now_ms);
}

void Driver::feed_inbox(std::int64_t now_ms) {
  const Inbox::Taken taken = inbox_.take();
  if (taken.slabs.empty() && taken.missed.empty()) return;
  // Asked for before the core is locked: the store may be waiting for lane_state().
  new_lanes_.clear();
  const auto learn = [&](LaneId lane) {
    if (!lanes_.known(lane) && !new_lanes_.contains(lane)) new_lanes_[lane] = store_.lane(lane);
  };
  for (const auto& slab : taken.slabs) {
    for (const store::SlabEntry& entry : slab->entries()) learn(entry.lane);
  }
  for (const auto& [lane, range] : taken.missed) learn(lane);
  const std::lock_guard lock(core_mutex_);
  for (const auto& slab : taken.slabs) feed_slab(now_ms, *slab);
  feed_missed(now_ms, taken.missed);
}

void Driver::feed_slab(std::int64_t now_ms, const store::Slab& slab) {
  Runs runs(slab);
  for (const auto& [lane, run] : runs.by_lane()) feed_run(now_ms, runs, run);
}

void Driver::feed_run(std::int64_t now_ms, Runs& runs, const Runs::Run& run) {
  const LaneId lane = run.front()->lane;
  const Seq first = run.front()->seq;
  const Seq last = run.back()->seq;
  learn_lane(now_ms, lane, first);
  Lanes::Lane& known = lanes_.get(lane);
  if (last <= known.tail) return;
  const bool follows = first == known.tail + 1;
  known.tail = last;
  lanes_.update_pending(lane, core_.progress(lane));
  if (follows && core_.wants_fresh(lane, first) && add_metas(runs.to_pin(run))) {
    core_.fresh(now_ms, lane, metas_);
  } else {
    core_.lane_available(now_ms, lane, last);
  }
}

void Driver::feed_missed(std::int64_t now_ms, const std::map<LaneId, Inbox::Missed>& missed) {
  for (const auto& [lane, range] : missed) {
    learn_lane(now_ms, lane, range.first);
    Lanes::Lane& known = lanes_.get(lane);
    if (range.last <= known.tail) continue;
    known.tail = range.last;
    lanes_.update_pending(lane, core_.progress(lane));
    core_.lane_available(now_ms, lane, range.last);
  }
}

// A lane that came up while the relay runs: nothing of it was ever handed out.
void Driver::learn_lane(std::int64_t now_ms, LaneId lane, Seq first) {
  if (lanes_.known(lane)) return;
  const store::LaneInfo& info = new_lanes_.at(lane);
  lanes_.add(info, first - 1);
  core_.add_lane(now_ms, lane, info.progress, first - 1, info.partition_history);
}

// False: an entry cannot be decoded; reading it from the store will say what is wrong.
bool Driver::add_metas(const Runs::Run& run) {
  metas_.clear();
  const std::int64_t wall_ms = clock_.wall_ms();
  for (const store::SlabEntry* entry : run) {
    const auto record = store::decode_checked(entry->record, entry->lane, entry->seq);
    if (!record.ok()) {
      for (const EntryMeta& meta : metas_) payloads_.release(meta.handle);
      return false;
    }
    const auto partition =
        place(lanes_.get(entry->lane).history, entry->seq, record->key, record->partition);
    metas_.push_back({entry->seq, payloads_.add(*entry, *record),
                      static_cast<std::uint32_t>(entry->record.size()), partition.value_or(-1),
                      wall_ms - record->timestamp_ms});
  }
  return true;
}

void Driver::feed_observer(std::int64_t now_ms) {
  kafka::Observed seen;
  if (observer_ == nullptr || !observer_->take(seen)) return;
  {
    const std::lock_guard lock(core_mutex_);
    set_connected(now_ms, seen.connected, seen.trouble);
    for (const kafka::TopicState& topic : seen.topics) feed_topic(now_ms, topic);
  }
  for (const auto& [lane, limits] : new_limits_) store_.record_topic_limits(lane, limits);
  new_limits_.clear();
  // Lanes that have nothing more to send need no watching.
  std::erase_if(watched_, [&](LaneId lane) { return !lanes_.pending().contains(lane); });
}

void Driver::feed_topic(std::int64_t now_ms, const kafka::TopicState& topic) {
  const auto lane = lanes_.find(topic.topic);
  if (!lane) return;
  if (topic.error != 0) {
    const kafka::Failure failure = failure_of(topic.error, false);
    // A topic that is just being created says so for a moment: not a state of the lane.
    if (failure.action == kafka::Action::kRetry) return;
    core_.topic_error(now_ms, *lane, failure);
    return;
  }
  if (topic.leaders.empty()) return;
  core_.topic_seen(now_ms, *lane, topic.leaders);
  feed_findings(now_ms, *lane, topic.findings);
  Lanes::Lane& known = lanes_.get(*lane);
  store::TopicLimits seen{topic.message_bytes_max, static_cast<std::int32_t>(topic.leaders.size())};
  // A smaller count holds once an operator has accepted it.
  if (!known.history.empty()) {
    seen.partitions = std::max(seen.partitions, known.history.back().count);
  }
  // Brokers tell the partitions first, and the topic's settings later or to nobody.
  if (seen.message_bytes_max == 0) seen.message_bytes_max = known.limits.message_bytes_max;
  if (seen == known.limits) return;
  new_limits_[*lane] = known.limits = seen;
}

void Driver::set_connected(std::int64_t now_ms, bool connected, const std::string& trouble) {
  if (connected != connected_) {
    connected_ = connected;
    core_.connected(now_ms, connected);
    if (connected) last_error_.clear();
    if (connected) log_->info("connected to Kafka at {}", options_.bootstrap_servers);
  }
  if (!connected && admit(LogKind::kUnreachable, now_ms)) {
    log_->warn("cannot reach Kafka at {} ({}); entries wait in the outbox, {} topics pending",
               options_.bootstrap_servers, last_error_.empty() ? trouble : last_error_,
               lanes_.pending().size());
  }
}

bool Driver::feed_producers(std::int64_t now_ms) {
  bool more = false;
  for (const Channel channel : kAllChannels) {
    kafka::ProducerApi* instance = producer(channel).instance();
    if (instance == nullptr) continue;
    more = instance->poll(polled_, kEventsPerPoll) || more;
    feed_polled(now_ms, channel, producer(channel).generation());
    polled_.clear();
  }
  return more;
}

void Driver::feed_polled(std::int64_t now_ms, Channel channel, Generation generation) {
  reports_.clear();
  bool delivered = false;
  for (const kafka::Report& report : polled_.reports) {
    const Payloads::Payload& payload = payloads_.get(report.opaque);
    Report out{channel,     generation,         payload.lane,  report.partition,
               payload.seq, outcome_of(report), report.offset, {}};
    if (out.outcome == Outcome::kError) {
      out.failure = failure_of(report.error, report.possibly_persisted);
    }
    delivered = delivered || out.outcome == Outcome::kDelivered;
    reports_.push_back(out);
    payloads_.reported(report.opaque, channel);
  }
  if (delivered && !connected_) set_connected(now_ms, true, {});
  if (!reports_.empty()) reach(Step::kReported);
  if (!reports_.empty()) core_.reports(now_ms, reports_);
  for (const kafka::Notice& notice : polled_.notices) {
    feed_notice(now_ms, channel, generation, notice);
  }
}

void Driver::feed_notice(std::int64_t now_ms, Channel channel, Generation generation,
                         const kafka::Notice& notice) {
  using Kind = kafka::Notice::Kind;
  if (notice.kind == Kind::kFatal) {
    core_.producer_fatal(now_ms, channel, generation, kafka::action_for(notice.error),
                         kafka::error_text(notice.error));
  }
  if (notice.kind == Kind::kError) last_error_ = notice.text;
  if (notice.kind == Kind::kAllBrokersDown) set_connected(now_ms, false, notice.text);
  if (notice.kind != Kind::kLog && observer_ != nullptr) observer_->refresh_soon();
  log_notice(now_ms, notice);
}

void Driver::log_notice(std::int64_t now_ms, const kafka::Notice& notice) {
  using Kind = kafka::Notice::Kind;
  if (notice.kind == Kind::kAllBrokersDown) return;  // said by set_connected
  const bool grave =
      notice.kind == Kind::kFatal || (notice.kind == Kind::kLog && notice.level <= kErrorLevel);
  // While nothing is reached, set_connected's line once a minute gives the newest error.
  const bool warning = notice.kind == Kind::kError ? connected_ : notice.level <= kWarningLevel;
  const auto level = grave     ? spdlog::level::err
                     : warning ? spdlog::level::warn
                               : spdlog::level::debug;
  if (!log_->should_log(level) || !admit(LogKind::kRdkafka, now_ms)) return;
  log_->log(level, "librdkafka: {}{}", notice.text, limits_.of(LogKind::kRdkafka).left_out());
}

void Driver::watch_pending() {
  std::vector<LaneId> begun;
  {
    const std::lock_guard lock(core_mutex_);
    begun = lanes_.take_begun();
  }
  if (observer_ == nullptr) return;
  bool grown = false;
  for (const LaneId lane : begun) grown = watched_.insert(lane).second || grown;
  if (!grown) return;
  std::vector<std::string> topics;
  topics.reserve(watched_.size());
  for (const LaneId lane : watched_) topics.push_back(lanes_.get(lane).topic);
  observer_->watch(std::move(topics));
}

}  // namespace outbox::relay
