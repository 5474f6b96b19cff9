// The driver's half that other threads call.
#include <utility>

#include "relay/driver.h"

namespace outbox::relay {
namespace {

// A purge waits for what is in flight; without a leader that may last.
constexpr std::chrono::seconds kPurgeWait{60};
constexpr std::size_t kNamedTopicsMax = 5;

Status closed() { return {Code::kClosed, "the relay stopped"}; }

}  // namespace

bool Driver::post(Control control) {
  {
    const std::lock_guard lock(control_mutex_);
    if (closed_) return false;
    controls_.push_back(std::move(control));
  }
  waker_.wake();
  return true;
}

Status Driver::stop(std::chrono::milliseconds timeout) {
  const std::lock_guard stop_lock(stop_mutex_);
  if (!thread_.joinable()) return stop_status_;
  (void)post([this, timeout](std::int64_t now_ms) {
    core_.stop(now_ms);
    stopping_ = true;
    stop_deadline_ms_ = now_ms + timeout.count();
  });
  thread_.join();
  (void)store_.set_drainer(nullptr);
  callbacks_.reset();
  if (!in_time_) {
    stop_status_ =
        Status(Code::kTimeout, "entries were still in flight; they are sent again next time");
  }
  return stop_status_;
}

Status Driver::drain(std::chrono::milliseconds timeout) {
  const auto promise = std::make_shared<std::promise<Status>>();
  auto answer = promise->get_future();
  if (!post([this, promise](std::int64_t) { drains_.push_back({promise}); })) return closed();
  if (answer.wait_for(timeout) == std::future_status::ready) return answer.get();
  (void)post([this, promise](std::int64_t) {
    std::erase_if(drains_, [&](const DrainWait& wait) { return wait.promise == promise; });
  });
  return {Code::kTimeout, pending_text()};
}

// Relay thread. The store has the last word: an entry may be durable and not yet announced.
void Driver::finish_drains() {
  if (drains_.empty() || !lanes_.pending().empty()) return;
  for (const store::LaneInfo& info : store_.lanes()) {
    if (Lanes::pending_entries(info.tail, info.progress) > 0) return;
  }
  for (const DrainWait& wait : drains_) wait.promise->set_value(Status());
  drains_.clear();
}

// Relay thread, at its end: nobody waits for ever.
void Driver::fail_waits(const Status& status) {
  std::vector<Control> unheard;
  {
    const std::lock_guard lock(control_mutex_);
    closed_ = true;
    unheard.swap(controls_);
  }
  {
    const std::lock_guard lock(core_mutex_);
    for (const Control& control : unheard) control(now());
  }
  for (const DrainWait& wait : drains_) wait.promise->set_value(status);
  for (const auto& [lane, wait] : purges_) wait.promise->set_value(status);
  drains_.clear();
  purges_.clear();
}

std::string Driver::pending_text() const {
  const std::lock_guard lock(core_mutex_);
  std::string out = "still pending:";
  std::size_t named = 0;
  for (const LaneId lane : lanes_.pending()) {
    if (++named > kNamedTopicsMax) break;
    out += " " + lanes_.get(lane).topic + " (" +
           std::to_string(Lanes::pending_entries(lanes_.get(lane).tail, core_.progress(lane))) +
           " entries, " + core_.lane_state(now(), lane) + ")";
  }
  if (named > kNamedTopicsMax) {
    out += " and " + std::to_string(lanes_.pending().size() - kNamedTopicsMax) + " more topics";
  }
  return out;
}

void Driver::for_lanes(const std::string& topic, std::function<void(std::int64_t, LaneId)> what) {
  (void)post([this, topic, what = std::move(what)](std::int64_t now_ms) {
    lanes_.each([&](LaneId lane) {
      if (topic.empty() || lanes_.get(lane).topic == topic) what(now_ms, lane);
    });
  });
}

void Driver::pause(const std::string& topic) {
  for_lanes(topic, [this](std::int64_t now_ms, LaneId lane) { core_.pause(now_ms, lane); });
}

void Driver::resume(const std::string& topic) {
  for_lanes(topic, [this](std::int64_t now_ms, LaneId lane) { core_.resume(now_ms, lane); });
}

Status Driver::unknown_topic(const std::string& topic) const {
  return {Code::kNotFound, "nothing was ever appended to the topic " + topic};
}

Status Driver::accept(const std::string& topic) {
  const auto promise = std::make_shared<std::promise<Status>>();
  auto answer = promise->get_future();
  const bool posted = post([this, topic, promise](std::int64_t now_ms) {
    const auto lane = lanes_.find(topic);
    if (!lane) {
      promise->set_value(unknown_topic(topic));
    } else if (core_.accept(now_ms, *lane)) {
      promise->set_value(Status());
    } else {
      promise->set_value(Status(Code::kInvalidArgument, "the topic " + topic + " is not halted"));
    }
  });
  return posted ? answer.get() : closed();
}

RelayStats Driver::stats() const {
  const std::lock_guard lock(core_mutex_);
  const CoreStats& core = core_.stats();
  RelayStats out;
  out.connected = connected_;
  out.delivered = core.delivered;
  out.produced = core.produced;
  out.resent = core.resent;
  out.offsets_back = core.offsets_back;
  out.in_flight_entries = core_.in_flight();
  out.in_flight_bytes = core.held_bytes;
  out.rebuilds = core_.rebuilds();
  add_findings(out);
  lanes_.each([&](LaneId lane) {
    out.lane_states[lanes_.get(lane).topic] = core_.lane_state(now(), lane);
  });
  return out;
}

void Driver::on_durable(const store::SlabPtr& slab) {
  inbox_.push(slab);
  waker_.wake();
}

void Driver::on_recorded() { waker_.wake(); }

Result<PurgeRecord> Driver::purge(const std::string& topic, Seq through, const std::string& who) {
  const auto promise = std::make_shared<std::promise<Result<PurgeRecord>>>();
  auto answer = promise->get_future();
  const bool posted = post([this, topic, through, who, promise](std::int64_t now_ms) {
    const auto lane = lanes_.find(topic);
    if (!lane) {
      promise->set_value(unknown_topic(topic));
    } else if (core_.purge(now_ms, *lane, through)) {
      purges_[*lane] = {who, promise};
    } else {
      promise->set_value(Status(Code::kBusy, "another purge of " + topic + " is under way"));
    }
  });
  if (!posted) return closed();
  if (answer.wait_for(kPurgeWait) == std::future_status::ready) return answer.get();
  (void)post([this, topic, promise](std::int64_t now_ms) {
    const auto lane = lanes_.find(topic);
    const auto waiting = lane ? purges_.find(*lane) : purges_.end();
    if (waiting == purges_.end() || waiting->second.promise != promise) return;
    if (!core_.cancel_purge(now_ms, *lane)) return;
    purges_.erase(waiting);
    promise->set_value(Status(
        Code::kTimeout, "what is in flight to " + topic + " was not reported; nothing was purged"));
  });
  return answer.get();
}

std::string Driver::lane_state(LaneId lane) const {
  const std::lock_guard lock(core_mutex_);
  return lanes_.known(lane) ? core_.lane_state(now(), lane) : "flowing";
}

}  // namespace outbox::relay
