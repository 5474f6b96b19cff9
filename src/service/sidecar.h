#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "outbox/outbox.h"
#include "outbox/relay.h"
#include "service/access.h"
#include "service/api.h"
#include "service/config.h"
#include "service/metrics.h"

namespace outbox::service {

/// An outbox and its relay, kept going: an outbox that accepts nothing any
/// more (a failed write or fsync) is closed and opened again, with growing
/// pauses. Calls are safe from any thread, but tick() and stop() belong to one.
class Sidecar final : public Access, public Vitals {
 public:
  /// Opens and starts; fails as Outbox::open and Relay::start do.
  static Result<std::unique_ptr<Sidecar>> start(const Config& config, Log log);
  /// stop().
  ~Sidecar() override;

  /// To be called about once a second: looks after the outbox's health.
  void tick();
  /// From now on nothing is accepted.
  void stop_intake() { stopping_ = true; }
  /// stop_intake(), lets what is in flight finish within stop_deadline, closes.
  void stop();

  Result<std::vector<Appended>> append(std::span<const Message> messages) override;
  Result<Stats> stats() override;
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) override;
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) override;
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) override;
  Result<Appended> requeue(const std::string& topic, Seq seq) override;
  Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) override;
  Result<PurgeRecord> purge(const std::string& topic, Seq through, const std::string& who) override;
  Result<std::vector<PurgeRecord>> purges() override;
  Status pause(const std::string& topic) override;
  Status resume(const std::string& topic) override;
  Status accept(const std::string& topic) override;

  Status ready() override;
  std::string metrics() override;

 private:
  struct Session;
  Sidecar(const Config& config, Log log);
  Result<std::unique_ptr<Session>> open() const;
  /// Runs `call` on the open outbox; kPoisoned while there is none.
  template <typename Answer, typename Call>
  Answer with_session(Call call);
  void reopen(const Status& why);

  const Config config_;
  const Log log_;
  const SystemClock clock_;
  Metrics metrics_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> reopened_{0};

  /// Shared: a call runs on the session. Exclusive: it is replaced.
  mutable std::shared_mutex mutex_;
  /// Null while the outbox cannot be opened.
  std::unique_ptr<Session> session_;
  /// New calls are refused so that the exclusive lock is not starved.
  std::atomic<bool> replacing_{false};

  // Of the thread that calls tick().
  std::chrono::milliseconds pause_ms_{0};
  std::int64_t try_again_ms_ = 0;
  std::int64_t sick_since_ms_ = 0;
};

}  // namespace outbox::service
