#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "inbox/message_id.h"
#include "model/rng.h"

namespace outbox::inbox::test {

/// What lies in one partition of a topic, as a relay brings it there when everything goes wrong
/// that can: repeats of a suffix, repeats that interleave, requests that change places, new
/// sessions, restored copies, dead letters that were named as predecessors.
class RelayLog {
 public:
  /// How it went, to see that a test met everything.
  struct Happened {
    int runs = 0, repeats = 0, interleaved = 0, exchanged = 0, sessions = 0, copies = 0, dead = 0;
  };

  explicit RelayLog(std::uint64_t seed) : rng_(seed) { copies_.push_back({1, 0, {}}); }

  /// One more event.
  void step() {
    Copy& copy = copies_[rng_.below(copies_.size())];
    switch (rng_.below(9)) {
      case 0:
      case 1:
        return run(copy);
      case 2:
        return repeat(copy);
      case 3:
        return interleave(copy);
      case 4:
        return exchange(copy);
      case 5:
        return dead_letter(copy);
      case 6:
        return restart(copy);
      case 7:
        return restore(copy);
      default:
        return run(copy);
    }
  }

  const std::vector<MessageId>& log() const { return log_; }
  const Happened& happened() const { return happened_; }

 private:
  static constexpr std::uint32_t kOutbox = 0xab;
  static constexpr std::uint64_t kWindow = 30;

  /// An outbox, or a copy of it that went its own way: same id, its own sessions.
  struct Copy {
    std::uint64_t session = 0;
    Seq last = 0;                  ///< number given last, in whichever partition
    std::vector<MessageId> chain;  ///< what it has in this partition
  };

  MessageId append(Copy& copy) {
    copy.last += 1 + rng_.below(3);  // others go to other partitions
    const Seq prev = copy.chain.empty() ? 0 : copy.chain.back().seq;
    copy.chain.push_back({kOutbox, copy.session, copy.last, prev});
    return copy.chain.back();
  }
  std::vector<MessageId> appended(Copy& copy, std::uint64_t count) {
    std::vector<MessageId> out;
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(append(copy));
    return out;
  }
  std::vector<MessageId> suffix(const Copy& copy) {
    const auto count = static_cast<std::ptrdiff_t>(
        rng_.below(std::min<std::uint64_t>(copy.chain.size(), kWindow) + 1));
    return {copy.chain.end() - count, copy.chain.end()};
  }
  void send(const std::vector<MessageId>& messages) {
    log_.insert(log_.end(), messages.begin(), messages.end());
  }

  void run(Copy& copy) {
    send(appended(copy, 1 + rng_.below(20)));
    ++happened_.runs;
  }
  void repeat(Copy& copy) {
    send(suffix(copy));
    ++happened_.repeats;
  }
  /// What is on the wire of a producer that was given up arrives among its successor's.
  void interleave(Copy& copy) {
    const std::vector<MessageId> given_up = suffix(copy);
    std::vector<MessageId> successor = suffix(copy);
    const std::vector<MessageId> fresh = appended(copy, rng_.below(10));
    successor.insert(successor.end(), fresh.begin(), fresh.end());
    std::size_t a = 0;
    for (std::size_t b = 0; a < given_up.size() || b < successor.size();) {
      const bool first = b == successor.size() || (a < given_up.size() && rng_.one_in(2));
      log_.push_back(first ? given_up[a++] : successor[b++]);
    }
    ++happened_.interleaved;
  }
  /// Brokers took a later request before an earlier one, over a restart too.
  void exchange(Copy& copy) {
    std::vector<std::vector<MessageId>> requests;
    for (std::uint64_t left = 2 + rng_.below(4); left > 0; --left) {
      requests.push_back(appended(copy, 1 + rng_.below(5)));
      if (rng_.one_in(4)) restart(copy);
    }
    for (std::size_t i = requests.size() - 1; i > 0; --i) {
      std::swap(requests[i], requests[rng_.below(i + 1)]);
    }
    for (const auto& request : requests) send(request);
    ++happened_.exchanged;
  }
  /// One is given up; those behind it were sent as its successors and are sent again.
  void dead_letter(Copy& copy) {
    const MessageId dead = append(copy);
    std::vector<MessageId> behind = appended(copy, 1 + rng_.below(5));
    const bool sent_before = rng_.one_in(2);
    if (sent_before) send(behind);
    const auto at = copy.chain.end() - static_cast<std::ptrdiff_t>(behind.size());
    at->prev = dead.prev;
    behind.front().prev = dead.prev;
    copy.chain.erase(at - 1);
    send(behind);
    ++happened_.dead;
  }
  void restart(Copy& copy) {
    copy.session = ++sessions_;
    ++happened_.sessions;
  }
  /// A backup is opened; the one it was made of may go on as well.
  void restore(const Copy& from) {
    if (copies_.size() >= 3) return;
    Copy copy = from;
    const auto lost = static_cast<std::ptrdiff_t>(rng_.below(from.chain.size() + 1));
    copy.chain.erase(copy.chain.end() - lost, copy.chain.end());
    copy.last = copy.chain.empty() ? 0 : copy.chain.back().seq;
    restart(copy);
    copies_.push_back(copy);
    ++happened_.copies;
  }

  model::Rng rng_;
  std::uint64_t sessions_ = 1;
  std::vector<Copy> copies_;
  std::vector<MessageId> log_;
  Happened happened_;
};

}  // namespace outbox::inbox::test
