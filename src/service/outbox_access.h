#pragma once

#include "outbox/outbox.h"
#include "outbox/relay.h"
#include "service/access.h"

namespace outbox::service {

/// An outbox of this process; `relay` may be null. Both outlive it.
class OutboxAccess : public Access {
 public:
  OutboxAccess(Outbox& outbox, Relay* relay) : outbox_(outbox), relay_(relay) {}

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

 private:
  /// kNotFound, unless a relay runs that could do what is asked, and has the topic (empty: any).
  Status need_relay(const std::string& topic) const;

  Outbox& outbox_;
  Relay* relay_;
};

}  // namespace outbox::service
