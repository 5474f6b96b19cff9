#include "relay/driver.h"

#include <algorithm>
#include <utility>

#include "base/thread_name.h"
#include "relay/limits.h"

namespace outbox::relay {
namespace {

// Slabs that entries in flight may pin beyond their own bytes: groups are rarely full.
constexpr std::size_t kPinnedSlackBytes = std::size_t{4} << 20;
// After a stop's deadline: how long the purged producers may take to give their last reports.
constexpr std::int64_t kHarvestMs = 1'000;
// Events of one producer that are taken before others get their turn.
constexpr std::int64_t kForever = -1;

void earlier(std::int64_t& deadline_ms, std::int64_t other_ms) {
  if (other_ms < 0) return;
  deadline_ms = deadline_ms < 0 ? other_ms : std::min(deadline_ms, other_ms);
}

}  // namespace

Driver::Driver(DriverParts parts, const RelayOptions& options)
    : store_(*parts.store),
      clock_(*parts.clock),
      log_(std::move(parts.log)),
      options_(options),
      factory_(std::move(parts.factory)),
      make_observer_(std::move(parts.make_observer)),
      record_at_entries_(std::clamp<std::size_t>(options.in_flight_entries_max / kUnrecordedShare,
                                                 1, kUnrecordedMax)),
      core_(CoreOptions::from(options, store_.session())),
      payloads_(options.in_flight_bytes_max + kPinnedSlackBytes),
      builder_(store_.outbox_id(), options.id_headers) {
  for (const Channel channel : kAllChannels) {
    producers_[index_of(channel)] = std::make_unique<ChannelProducer>(
        ChannelProducer::Setup{channel, factory_.get(), waker_.fd(), parts.socket_timeout_ms,
                               [this] { return lanes_.smallest_limit(); }, log_});
  }
}

Driver::~Driver() { (void)stop(options_.stop_deadline_ms); }

Status Driver::start() {
  auto observer = make_observer_([this] { waker_.wake(); });
  if (!observer.ok()) return observer.status();
  observer_ = std::move(observer).value();
  if (Status status = store_.set_drainer(this); !status.ok()) return status;
  callbacks_ = std::make_unique<CallbackThread>(store_);
  {
    const std::lock_guard lock(control_mutex_);
    closed_ = false;
  }
  thread_ = std::thread([this] { run(); });
  return {};
}

void Driver::run() {
  name_thread("outbox-relay");
  begin();
  while (!done(now())) {
    wait();
    step();
  }
  finish();
}

void Driver::begin() {
  // The store tells of new entries already, so nothing falls between this list and them.
  const std::vector<store::LaneInfo> infos = store_.lanes();
  const std::int64_t now_ms = now();
  {
    const std::lock_guard lock(core_mutex_);
    core_.start(now_ms);
    for (const store::LaneInfo& info : infos) {
      lanes_.add(info, info.tail);
      core_.add_lane(now_ms, info.id, info.progress, info.tail, info.partition_history);
    }
    core_.pump(now_ms);
  }
  execute_all(now_ms);
  watch_pending();
}

bool Driver::done(std::int64_t now_ms) const {
  return stopping_ && (core_.finished() || now_ms >= stop_deadline_ms_);
}

void Driver::wait() {
  if (more_to_poll_) return;
  std::int64_t deadline_ms = core_.next_deadline_ms();
  for (const auto& producer : producers_) earlier(deadline_ms, producer->next_deadline_ms());
  if (stopping_) earlier(deadline_ms, stop_deadline_ms_);
  waker_.wait(deadline_ms < 0 ? kForever : std::max<std::int64_t>(deadline_ms - now(), 0));
}

void Driver::step() {
  const std::int64_t now_ms = now();
  feed_controls(now_ms);
  feed_inbox(now_ms);
  feed_observer(now_ms);
  {
    const std::lock_guard lock(core_mutex_);
    more_to_poll_ = feed_producers(now_ms);
    core_.unrecorded(store_.unrecorded());
    const std::int64_t deadline_ms = core_.next_deadline_ms();
    if (deadline_ms >= 0 && deadline_ms <= now_ms) core_.timer(now_ms);
    core_.pump(now_ms);
  }
  execute_all(now_ms);
  step_channels(now_ms);
  watch_pending();
  finish_drains();
}

// A channel's steps tell the core things, and what it answers may ask for more.
void Driver::step_channels(std::int64_t now_ms) {
  using Step = ChannelProducer::Step;
  for (const Channel channel : kAllChannels) {
    while (producer(channel).changing()) {
      const Step step = producer(channel).step(now_ms, core_.in_flight(channel));
      if (step == Step::kNothing) break;
      forget_payloads(channel, step);
      if (step != Step::kReady) continue;
      {
        const std::lock_guard lock(core_mutex_);
        core_.producer_ready(now_ms, channel, producer(channel).generation());
        core_.pump(now_ms);
      }
      execute_all(now_ms);
    }
  }
}

void Driver::execute_all(std::int64_t now_ms) {
  for (;;) {
    {
      const std::lock_guard lock(core_mutex_);
      for (const Answer& answer : answers_) answer(now_ms);
      answers_.clear();
      if (!refused_.empty()) core_.reports(now_ms, refused_);
      refused_.clear();
      core_.unrecorded(store_.unrecorded());
      core_.pump(now_ms);
      std::swap(commands_, core_.commands());
    }
    if (commands_.empty()) return;
    execute(now_ms, commands_);
    commands_.clear();
  }
}

// What is still in flight when the time is over may yet be reported as delivered.
void Driver::harvest(std::int64_t until_ms) {
  for (const auto& producer : producers_) {
    if (producer->instance() != nullptr) producer->instance()->purge();
  }
  const auto unreported = [&] {
    return std::any_of(producers_.begin(), producers_.end(), [](const auto& producer) {
      return producer->instance() != nullptr && producer->instance()->unreported() > 0;
    });
  };
  while (unreported() && now() < until_ms) {
    waker_.wait(until_ms - now());
    {
      const std::lock_guard lock(core_mutex_);
      while (feed_producers(now())) {
      }
    }
    execute_all(now());
  }
}

void Driver::finish() {
  in_time_ = core_.finished();
  harvest(now() + kHarvestMs);
  fail_waits(Status(Code::kClosed, "the relay stopped"));
  for (const Channel channel : kAllChannels) {
    forget_payloads(channel, producer(channel).close());
  }
  observer_.reset();
  if (const Status status = store_.sync_progress(); !status.ok()) {
    log_->error("the relay's progress could not be made durable: {}", status.to_string());
  }
}

}  // namespace outbox::relay
