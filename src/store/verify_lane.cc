#include "store/verify_lane.h"

#include <algorithm>
#include <memory>
#include <string>

namespace outbox::store {
namespace {

using rocksdb::Slice;

constexpr std::uint64_t kProgressEntries = 1 << 14;

/// Neighbours with the same fault become one line.
class Ranges {
 public:
  Ranges(const std::string& topic, VerifyReport& report)
      : where_("topic " + topic), report_(report) {}
  ~Ranges() { end(); }
  Ranges(const Ranges&) = delete;
  Ranges& operator=(const Ranges&) = delete;

  void add(Seq from, Seq through, const std::string& what) {
    if (through < from) return;
    if (from_ != 0 && what == what_ && from == through_ + 1) {
      through_ = through;
      return;
    }
    end();
    from_ = from;
    through_ = through;
    what_ = what;
  }

 private:
  void end() {
    if (from_ == 0) return;
    report_.add(where_,
                "entries " + std::to_string(from_) + ".." + std::to_string(through_) + " " + what_);
    from_ = 0;
  }

  const std::string where_;
  VerifyReport& report_;
  Seq from_ = 0;
  Seq through_ = 0;
  std::string what_;
};

/// From `from` on until the end or an unreadable block; answers the next entry expected.
Seq scan_readable(const Database& database, const StoredLane& lane, Seq from, Ranges& ranges,
                  rocksdb::Status& end, const VerifyProgress& progress, VerifyReport& report,
                  VerifiedLane& verified) {
  const std::string lower = entry_key(lane.id, from);
  const std::string upper = entry_key(lane.id + 1, 0);
  const Slice lower_slice(lower);
  const Slice upper_slice(upper);
  const std::unique_ptr<rocksdb::Iterator> scan(
      database.db->NewIterator(scan_options(&lower_slice, &upper_slice), database.data));
  Seq expected = from;
  for (scan->Seek(lower_slice); scan->Valid(); scan->Next()) {
    const Seq seq = seq_of_key(scan->key().ToStringView());
    ranges.add(expected, seq - 1, "are missing");
    const Status read = decode(scan->value().ToStringView(), lane.id, seq).status();
    if (read.ok()) {
      ++verified.pending;
    } else if (read.code() == Code::kUnknownVersion) {
      report.add("topic " + lane.topic, read);
    } else {
      ranges.add(seq, seq, "are damaged: the record does not match its checksum");
    }
    expected = seq + 1;
    if (++report.entries_read % kProgressEntries == 0 && progress) progress(report.entries_read);
  }
  end = scan->status();
  return expected;
}

void verify_entries(const Database& database, const StoredLane& lane, Seq through,
                    const VerifyProgress& progress, VerifyReport& report, VerifiedLane& verified) {
  Ranges ranges(lane.topic, report);
  const Seq last = std::max(lane.last, through);
  Seq next = lane.record.progress.head;
  while (true) {
    rocksdb::Status end;
    next = scan_readable(database, lane, next, ranges, end, progress, report, verified);
    if (end.ok() || next > last) break;
    // Entry by entry to the first one behind the damaged block.
    ranges.add(next, next, "cannot be read: " + end.ToString());
    ++next;
  }
  ranges.add(next, last, "were durable and are missing");
  // Settled out of order, above the head: there, but not pending.
  verified.pending -= std::min(verified.pending, lane.record.progress.settled_above_head);
}

void verify_dead(const Database& database, const StoredLane& lane, VerifyReport& report,
                 VerifiedLane& verified) {
  const std::string where = "topic " + lane.topic;
  const std::unique_ptr<rocksdb::Iterator> scan(
      database.db->NewIterator(rocksdb::ReadOptions(), database.dead));
  for (scan->Seek(entry_key(lane.id, 0)); scan->Valid(); scan->Next()) {
    const std::string_view key = scan->key().ToStringView();
    if (key.size() != kKeyBytes || lane_of_key(key) != lane.id) break;
    const Seq seq = seq_of_key(key);
    const auto dead = decode_dead(scan->value().ToStringView());
    const Status read = dead.ok() ? decode(dead->record, lane.id, seq).status() : dead.status();
    if (read.ok()) {
      ++verified.dead;
    } else if (read.code() == Code::kUnknownVersion) {
      report.add(where, read);
    } else {
      report.add(where, "dead letter " + std::to_string(seq) + " is damaged");
    }
  }
  if (!scan->status().ok()) {
    report.add(where, "dead letters cannot be read: " + scan->status().ToString());
  }
}

void verify_ledger(const Database& database, const StoredLane& lane, VerifyReport& report) {
  const auto stats = lane_stats(database, lane, 0);
  if (!stats.ok() || stats->ledger.balanced()) return;  // an unreadable head was named already
  const Ledger& sum = stats->ledger;
  report.add("topic " + lane.topic,
             "the ledger does not balance: appended " + std::to_string(sum.appended) +
                 ", delivered " + std::to_string(sum.delivered) + ", pending " +
                 std::to_string(sum.pending) + ", dead " + std::to_string(sum.dead) +
                 ", requeued " + std::to_string(sum.requeued) + ", purged " +
                 std::to_string(sum.purged));
}

}  // namespace

void verify_lane(const Database& database, const StoredLane& lane, Seq through,
                 const VerifyProgress& progress, VerifyReport& report) {
  VerifiedLane verified{lane.topic, lane.record.progress.head, std::max(lane.last, through), 0, 0};
  verify_entries(database, lane, through, progress, report, verified);
  verify_dead(database, lane, report, verified);
  verify_ledger(database, lane, report);
  report.lanes.push_back(std::move(verified));
}

}  // namespace outbox::store
