#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "inbox/gaps.h"
#include "inbox/message_id.h"

namespace outbox::inbox {

struct SessionKey {
  std::uint32_t outbox = 0;
  std::uint64_t session = 0;

  friend auto operator<=>(const SessionKey&, const SessionKey&) = default;
};

/// What one partition has seen of one session.
struct SessionState {
  Seq high = 0;
  Gaps gaps;
  std::int64_t used_ms = 0;  ///< when its last message arrived
};

enum class Verdict : std::uint8_t {
  kNew,
  kLate,       ///< below the highest, but missing so far
  kDuplicate,  ///< to be dropped
};

struct Judgement {
  Verdict verdict = Verdict::kNew;
  /// These should have come before and did not; they are let through when they come.
  std::optional<Range> opened;
};

/// How long a session is remembered; the window in which a repeat is recognised.
struct DedupLimits {
  /// A session is forgotten when it is not among so many newest of its outbox ...
  std::size_t sessions_of_outbox = 4;
  /// ... and nothing of it has come for so long.
  std::int64_t session_idle_ms = std::int64_t{7} * 24 * 60 * 60 * 1'000;
  /// In one partition; beyond it the least recently used are forgotten, whatever the rule says.
  std::size_t sessions_max = 10'000;
};

/// Since the beginning; they only grow.
struct DedupCounts {
  std::uint64_t duplicates = 0;
  std::uint64_t late = 0;
  std::uint64_t gaps_opened = 0;
  std::uint64_t gaps_merged = 0;
  std::uint64_t sessions_forgotten = 0;
};

/// What judging changed, for whoever stores it. May name a session more than once.
struct DedupChanges {
  std::vector<SessionKey> changed;
  std::vector<SessionKey> forgotten;
};

/// Duplicates of one partition: one number and the gaps below it, for each session. Pure: a
/// function of the messages and the times it is given. What it must never do is call a message a
/// duplicate that was not there before; in doubt it lets one through.
class Dedup {
 public:
  explicit Dedup(DedupLimits limits) : limits_(limits) {}

  /// Messages of a partition in offset order.
  Judgement judge(const MessageId& id, std::int64_t now_ms, DedupChanges* changes = nullptr);

  /// As it was stored.
  void restore(const SessionKey& key, SessionState state);
  const std::map<SessionKey, SessionState>& sessions() const { return sessions_; }
  const DedupCounts& counts() const { return counts_; }

 private:
  Judgement judge_first(const SessionKey& key, const MessageId& id, std::int64_t now_ms,
                        DedupChanges* changes);
  Judgement judge_next(SessionState& state, const MessageId& id, std::int64_t now_ms);
  void forget(const SessionKey& added, std::int64_t now_ms, DedupChanges* changes);
  void forget_beyond_newest(const SessionKey& added, std::int64_t now_ms, DedupChanges* changes);
  void erase(std::map<SessionKey, SessionState>::iterator which, DedupChanges* changes);

  DedupLimits limits_;
  std::map<SessionKey, SessionState> sessions_;
  DedupCounts counts_;
};

}  // namespace outbox::inbox
