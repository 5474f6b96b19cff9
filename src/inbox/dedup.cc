#include "inbox/dedup.h"

#include <algorithm>
#include <iterator>

#include "base/mutant.h"

namespace outbox::inbox {

Judgement Dedup::judge(const MessageId& id, std::int64_t now_ms, DedupChanges* changes) {
  const SessionKey key{id.outbox, id.session};
  const auto found = sessions_.find(key);
  if (changes != nullptr) changes->changed.push_back(key);
  if (found == sessions_.end()) return judge_first(key, id, now_ms, changes);
  return judge_next(found->second, id, now_ms);
}

Judgement Dedup::judge_next(SessionState& state, const MessageId& id, std::int64_t now_ms) {
  state.used_ms = std::max(state.used_ms, now_ms);
  counts_.gaps_merged += state.gaps.drop_between(id.prev, id.seq);
  if (id.seq > state.high) {
    Judgement judgement;
    if (id.prev > state.high) {
      judgement.opened = Range{state.high + 1, id.prev};
      counts_.gaps_merged += state.gaps.open(*judgement.opened);
      ++counts_.gaps_opened;
    }
    state.high = id.seq;
    return judgement;
  }
  const bool missing =
      !mutant(Mutant::kGapIsDuplicate) && state.gaps.take(id.seq, counts_.gaps_merged);
  ++(missing ? counts_.late : counts_.duplicates);
  return {missing ? Verdict::kLate : Verdict::kDuplicate, std::nullopt};
}

// Nothing of this session was seen yet: what of it should have come before, and does come, is let
// through. The chain goes on over sessions, so its first message also tells whether the session
// before it is complete. A restored outbox names numbers below: there nothing is missing.
Judgement Dedup::judge_first(const SessionKey& key, const MessageId& id, std::int64_t now_ms,
                             DedupChanges* changes) {
  Judgement judgement;
  SessionState state{id.seq, {}, now_ms};
  if (id.prev > 0) counts_.gaps_merged += state.gaps.open({1, id.prev});
  const auto after = sessions_.lower_bound(key);
  if (after != sessions_.begin()) {
    auto& [older_key, older] = *std::prev(after);
    if (older_key.outbox == key.outbox && id.prev > older.high) {
      judgement.opened = Range{older.high + 1, id.prev};
      counts_.gaps_merged += older.gaps.open(*judgement.opened);
      ++counts_.gaps_opened;
      older.high = id.prev;
      if (changes != nullptr) changes->changed.push_back(older_key);
    }
  }
  sessions_.emplace(key, std::move(state));
  forget(key, now_ms, changes);
  return judgement;
}

void Dedup::forget(const SessionKey& added, std::int64_t now_ms, DedupChanges* changes) {
  forget_beyond_newest(added, now_ms, changes);
  while (sessions_.size() > limits_.sessions_max && sessions_.size() > 1) {
    auto oldest = sessions_.end();
    for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
      if (at->first == added) continue;
      if (oldest == sessions_.end() || at->second.used_ms < oldest->second.used_ms) oldest = at;
    }
    erase(oldest, changes);
  }
}

void Dedup::forget_beyond_newest(const SessionKey& added, std::int64_t now_ms,
                                 DedupChanges* changes) {
  const auto begin = sessions_.lower_bound({added.outbox, 0});
  const auto end = sessions_.upper_bound({added.outbox, UINT64_MAX});
  const auto count = static_cast<std::size_t>(std::distance(begin, end));
  if (count <= limits_.sessions_of_outbox) return;
  auto left = count - limits_.sessions_of_outbox;
  for (auto at = begin; left > 0; --left) {
    const auto which = at++;
    const bool idle = now_ms - which->second.used_ms > limits_.session_idle_ms;
    if (idle && which->first != added) erase(which, changes);
  }
}

void Dedup::erase(std::map<SessionKey, SessionState>::iterator which, DedupChanges* changes) {
  if (changes != nullptr) changes->forgotten.push_back(which->first);
  sessions_.erase(which);
  ++counts_.sessions_forgotten;
}

void Dedup::restore(const SessionKey& key, SessionState state) {
  sessions_.insert_or_assign(key, std::move(state));
}

}  // namespace outbox::inbox
