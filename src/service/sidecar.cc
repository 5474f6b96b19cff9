#include "service/sidecar.h"

#include <algorithm>
#include <mutex>
#include <type_traits>

#include "service/outbox_access.h"
#include "store/store.h"

namespace outbox::service {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReopenPauseMin{500};
constexpr milliseconds kReopenPauseMax{30'000};
/// The store resumes by itself once there is space again; help it when it did not.
constexpr milliseconds kDiskFullPatience{60'000};

}  // namespace

struct Sidecar::Session {
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Relay> relay;  ///< before the outbox in destruction
  std::unique_ptr<OutboxAccess> access;
};

Sidecar::Sidecar(const Config& config, Log log) : config_(config), log_(std::move(log)) {}

Sidecar::~Sidecar() { stop(); }

Result<std::unique_ptr<Sidecar>> Sidecar::start(const Config& config, Log log) {
  std::unique_ptr<Sidecar> sidecar(new Sidecar(config, std::move(log)));
  auto session = sidecar->open();
  if (!session.ok()) return session.status();
  sidecar->session_ = std::move(*session);
  return sidecar;
}

Result<std::unique_ptr<Sidecar::Session>> Sidecar::open() const {
  auto outbox = Outbox::open(config_.dir, config_.store);
  if (!outbox.ok()) return outbox.status();
  auto relay = Relay::start(**outbox, config_.relay);
  if (!relay.ok()) return relay.status();
  auto session = std::make_unique<Session>();
  session->outbox = std::move(*outbox);
  session->relay = std::move(*relay);
  session->access = std::make_unique<OutboxAccess>(*session->outbox, session->relay.get());
  return session;
}

void Sidecar::tick() {
  if (stopping_) return;
  const std::int64_t now_ms = clock_.mono_ms();
  if (!session_) {
    if (now_ms >= try_again_ms_) reopen({Code::kPoisoned, "the outbox is closed"});
    return;
  }
  const Status health = session_->outbox->store().health();
  if (health.ok()) {
    sick_since_ms_ = 0;
    pause_ms_ = milliseconds{0};
    return;
  }
  if (sick_since_ms_ == 0) {
    sick_since_ms_ = now_ms;
    log_->error("the outbox accepts nothing: {}", health.message());
  }
  const bool patient = health.code() == Code::kDiskFull;
  if (patient && now_ms - sick_since_ms_ < kDiskFullPatience.count()) return;
  if (now_ms >= try_again_ms_) reopen(health);
}

void Sidecar::reopen(const Status& why) {
  pause_ms_ = std::clamp(pause_ms_ * 2, kReopenPauseMin, kReopenPauseMax);
  log_->warn("closing the outbox and opening it again ({})", why.message());
  replacing_ = true;
  const std::unique_lock lock(mutex_);
  replacing_ = false;
  session_.reset();
  auto session = open();
  try_again_ms_ = clock_.mono_ms() + pause_ms_.count();
  if (!session.ok()) {
    log_->error("cannot open the outbox, next try in {} ms: {}", pause_ms_.count(),
                session.status().message());
    return;
  }
  session_ = std::move(*session);
  sick_since_ms_ = 0;
  ++reopened_;
  log_->warn("the outbox is open again");
}

void Sidecar::stop() {
  stop_intake();
  const std::unique_lock lock(mutex_);
  if (!session_) return;
  const Status status = session_->relay->stop(config_.relay.stop_deadline_ms);
  if (!status.ok()) {
    log_->warn("not everything in flight was confirmed in time; it will be sent again: {}",
               status.message());
  }
  session_.reset();
}

template <typename Answer, typename Call>
Answer Sidecar::with_session(Call call) {
  if (!replacing_) {
    const std::shared_lock lock(mutex_);
    if (session_) return call(*session_->access);
  }
  return Status(Code::kPoisoned, "the outbox is being opened again after a failed write");
}

Result<std::vector<Appended>> Sidecar::append(std::span<const Message> messages) {
  if (stopping_) return Status(Code::kClosed, "the relay is shutting down");
  const auto start = std::chrono::steady_clock::now();
  auto appended = with_session<Result<std::vector<Appended>>>(
      [&](OutboxAccess& access) { return access.append(messages); });
  metrics_.observe_append(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  return appended;
}

Result<Stats> Sidecar::stats() {
  return with_session<Result<Stats>>([](OutboxAccess& access) { return access.stats(); });
}

Result<std::vector<StoredEntry>> Sidecar::peek(const std::string& topic, Seq from,
                                               std::size_t count) {
  return with_session<Result<std::vector<StoredEntry>>>(
      [&](OutboxAccess& access) { return access.peek(topic, from, count); });
}

Result<std::vector<DeadLetter>> Sidecar::dead_letters(const std::string& topic, Seq from,
                                                      std::size_t count) {
  return with_session<Result<std::vector<DeadLetter>>>(
      [&](OutboxAccess& access) { return access.dead_letters(topic, from, count); });
}

Result<DeadLetter> Sidecar::dead_letter(const std::string& topic, Seq seq) {
  return with_session<Result<DeadLetter>>(
      [&](OutboxAccess& access) { return access.dead_letter(topic, seq); });
}

Result<Appended> Sidecar::requeue(const std::string& topic, Seq seq) {
  if (stopping_) return Status(Code::kClosed, "the relay is shutting down");
  return with_session<Result<Appended>>(
      [&](OutboxAccess& access) { return access.requeue(topic, seq); });
}

Status Sidecar::drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) {
  return with_session<Status>(
      [&](OutboxAccess& access) { return access.drop_dead_letter(topic, seq, who); });
}

Result<PurgeRecord> Sidecar::purge(const std::string& topic, Seq through, const std::string& who) {
  return with_session<Result<PurgeRecord>>(
      [&](OutboxAccess& access) { return access.purge(topic, through, who); });
}

Result<std::vector<PurgeRecord>> Sidecar::purges() {
  return with_session<Result<std::vector<PurgeRecord>>>(
      [](OutboxAccess& access) { return access.purges(); });
}

Status Sidecar::pause(const std::string& topic) {
  return with_session<Status>([&](OutboxAccess& access) { return access.pause(topic); });
}

Status Sidecar::resume(const std::string& topic) {
  return with_session<Status>([&](OutboxAccess& access) { return access.resume(topic); });
}

Status Sidecar::accept(const std::string& topic) {
  return with_session<Status>([&](OutboxAccess& access) { return access.accept(topic); });
}

Status Sidecar::ready() {
  if (stopping_) return {Code::kClosed, "the relay is shutting down"};
  if (!replacing_) {
    // Never wait here: a reopening holds the lock for as long as it takes.
    const std::shared_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock() && session_) return session_->outbox->store().health();
  }
  return {Code::kPoisoned, "the outbox is being opened again after a failed write"};
}

std::string Sidecar::metrics() {
  Stats stats;
  RelayStats relay;
  const bool is_ready = ready().ok();
  if (!replacing_) {
    const std::shared_lock lock(mutex_, std::try_to_lock);
    if (lock.owns_lock() && session_) {
      if (auto now = session_->outbox->stats(); now.ok()) stats = std::move(*now);
      relay = session_->relay->stats();
    }
  }
  return metrics_.render(stats, relay, is_ready, reopened_);
}

}  // namespace outbox::service
