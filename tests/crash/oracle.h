#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "outbox/message.h"
#include "outbox/status.h"
#include "store/store.h"
#include "support/campaign.h"

namespace outbox::test {

/// What the producers and the drainer saw, kept outside of the store, and the
/// rules that the store must obey after each reopening:
///   an entry that was OK, handed to the drainer or found before is there, or
///   below the head by the drainer's own doing, or a dead letter;
///   one that failed for sure is not; one in doubt may be;
///   no sequence number means two entries, no entry has two numbers;
///   each lane is dense up to its tail; the ledger balances.
/// Thread-safe.
class Oracle {
 public:
  /// Ids begin with `prefix`. Each call is first written as a line to
  /// `journal_fd` (if any), so that another process can replay it.
  explicit Oracle(std::string prefix = "m", int journal_fd = -1)
      : prefix_(std::move(prefix)), journal_fd_(journal_fd) {}

  /// The calls of a process that was killed; what it was about to learn is in doubt.
  void replay(std::istream& journal);
  /// The same of lines written once the power was gone: what they tried and settled counts, what
  /// they were told does not.
  void replay_late(std::istream& journal);

  /// An id of its own, for a message with value_of(id, ...).
  std::string attempt(const std::string& topic);
  void outcome(const std::string& id, const Result<Appended>& result);
  /// The drainer got it, or a scan found it: from now on it must stay.
  void seen(const std::string& topic, Seq seq, const std::string& id);
  /// The drainer is about to report it as delivered or dead.
  void settling(const std::string& topic, Seq seq);
  void buried(const std::string& topic, Seq seq);

  /// Call after reopening, before anything is appended. What is in doubt
  /// and not there is from then on taken as failed.
  void check(store::Store& store);

  const std::vector<std::string>& violations() const { return violations_; }
  /// Of the violations, and the appends that were OK.
  const Counts& counts() const { return counts_; }
  std::size_t ok_count() const { return counts_.entries; }

  /// "<id>|<bytes>|<as many v>": what is altered shows.
  static std::string value_of(const std::string& id, std::size_t bytes);
  static bool whole(std::string_view value);
  static std::string id_of(std::string_view value);

 private:
  enum class Fate { kInDoubt, kFailed, kKnown };
  struct Entry {
    std::string topic;
    Fate fate = Fate::kInDoubt;
    Seq seq = 0;
  };
  struct Topic {
    std::map<Seq, std::string> known;
    std::set<Seq> settling;
    std::set<Seq> buried;
  };
  using Found = std::map<Seq, std::string>;

  void journal(char kind, const std::string& topic, Seq seq, const std::string& id);
  void replay_line(const std::string& line);
  void know(const std::string& topic, Seq seq, const std::string& id);
  void check_lane(store::Store& store, const store::LaneInfo& lane);
  void check_found(const store::LaneInfo& lane, const Found& found);
  void check_known(store::Store& store, const store::LaneInfo& lane, const Found& found);
  void check_ledger(store::Store& store, const std::vector<store::LaneInfo>& lanes);
  Found scan(store::Store& store, const store::LaneInfo& lane);
  void violation(std::uint64_t Counts::*kind, const std::string& what);

  const std::string prefix_;
  const int journal_fd_;
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, Topic> topics_;
  std::vector<std::string> violations_;
  std::uint64_t next_id_ = 1;
  Counts counts_;
};

}  // namespace outbox::test
