#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "relay/core.h"

namespace outbox::relay::test {

/// Small numbers, so that tests reach every limit.
CoreOptions small_options();

/// A core with a store of vectors and producers that do nothing by themselves.
/// run() executes commands until the core wants no more; what it handed out
/// waits in `sent` until the test reports it.
class CoreRig {
 public:
  explicit CoreRig(const CoreOptions& options = small_options());
  /// Checks that every payload was given back exactly once, but those still held.
  ~CoreRig();

  /// A topic with that many partitions, led by broker 1; its count is recorded.
  void lane(LaneId id, int partitions);
  /// The same, but nothing is known and recorded yet.
  void bare_lane(LaneId id);
  /// Durable entries for these partitions; the core is told of the tail, no more.
  void append(LaneId id, const std::vector<std::int32_t>& partitions, std::uint32_t bytes = 10);
  /// The same, handed over in memory.
  void append_fresh(LaneId id, const std::vector<std::int32_t>& partitions,
                    std::uint32_t bytes = 10);
  void leaders(LaneId id, const std::vector<std::int32_t>& brokers);
  void run();
  void at(std::int64_t ms);
  void after(std::int64_t ms) { at(now + ms); }

  /// What is out, as "lane/partition/seq", e.g. "1/0/3 1/0/4"; a probe's with a "?" behind.
  std::string out() const;
  Produce take(LaneId id, Seq seq);
  void deliver(LaneId id, Seq seq) { deliver(id, seq, next_offset++); }
  void deliver(LaneId id, Seq seq, std::int64_t offset);
  void deliver_all();
  void report(LaneId id, Seq seq, Outcome outcome);
  void fail(LaneId id, Seq seq, kafka::Action action, std::string_view reason = "because",
            bool possibly_persisted = false);
  void refuse(LaneId id, Seq seq, kafka::Action action, std::string_view reason = "because");
  void fatal(Channel channel, kafka::Action action = kafka::Action::kRebuild,
             std::string_view reason = "fatal");
  void answer(const Read& read);
  /// The producers that were asked for are there now.
  void make_ready();

  /// A new core on the progress that the store was told.
  void restart(const CoreOptions& options = small_options());
  std::string state(LaneId id) { return core->lane_state(now, id); }
  const store::Progress& progress(LaneId id) { return lanes[id].progress; }
  std::size_t rebuilds(const std::string& reason) const;

  struct StoredLane {
    std::vector<std::int32_t> partitions;  ///< [seq - 1]
    std::vector<std::uint32_t> bytes;
    std::vector<PartitionCount> history;
    store::Progress progress;
    std::uint64_t delivered = 0;
    std::vector<std::int32_t> leaders;
    Seq told = 0;
  };

  std::int64_t now = 1'000;
  std::unique_ptr<Core> core;
  std::map<LaneId, StoredLane> lanes;
  std::vector<Produce> sent;
  std::vector<OpenProducer> opens;  ///< all that were asked for
  std::vector<Settled> settled;
  std::vector<std::string> deaths;
  std::vector<Bury> buries;
  std::vector<Purged> purges;
  std::vector<RecordPartitionCount> records;
  std::vector<Read> reads;
  std::vector<Note> notes;
  std::size_t closes = 0;
  std::size_t refreshes = 0;  ///< of metadata, that were asked for
  bool auto_ready = true;
  bool auto_bury = true;
  bool auto_record = true;
  bool auto_purge = true;
  bool auto_read = true;
  bool auto_durable = true;    ///< what an Advance told is durable at once
  std::size_t unrecorded = 0;  ///< else it counts here until the test says so
  std::size_t held_max = 0;
  std::int64_t next_offset = 0;
  std::int64_t age_ms = 0;  ///< of the entries that are offered from now on

 private:
  EntryMeta meta(LaneId id, Seq seq);
  void execute();
  void ready(const OpenProducer& open);

  Handle last_handle_ = 0;
  std::set<Handle> held_;
  std::size_t ready_opens_ = 0;
};

}  // namespace outbox::relay::test
