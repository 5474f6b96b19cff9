#include "store/rocks_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_manager.h>
#include <rocksdb/table.h>

#include "base/mutant.h"
#include "store/lane_hints.h"
#include "store/rocks_log.h"
#include "store/table_lanes.h"

namespace outbox::store {
namespace {

constexpr std::size_t kBlockCacheBytes = std::size_t{8} << 20;
constexpr std::size_t kSmallWriteBufferBytes = std::size_t{4} << 20;
constexpr std::size_t kGroupBytesMax = std::size_t{8} << 20;
// Flushed memtables that lie side by side before they are merged: with fewer a long backlog is
// written more often (docs/performance.md). Appends are slowed down, and stopped, only when merging
// falls far behind.
constexpr int kRunsMax = 48;
constexpr int kRunsSlowdown = 96;
constexpr int kRunsStop = 144;

rocksdb::BlockBasedTableOptions table_options() {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 16 << 10;  // backlog is read in order; fewer index entries a byte
  // One small cache, and index and filter blocks inside it: memory must not
  // grow with the backlog.
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.cache_index_and_filter_blocks = true;
  // A scan that starts in one run need not read the first block of each other one.
  table.index_type = rocksdb::BlockBasedTableOptions::kBinarySearchWithFirstKey;
  table.format_version = 5;  // pinned: older readers can go back to it
  // table_guard verifies it too. Debian's CRC-32C does without the processor's instruction and took
  // a third of the time that a drain spent reading.
  table.checksum = rocksdb::kXXH3;
  return table;
}

}  // namespace

rocksdb::DBOptions db_options(const Options& options, rocksdb::Env* env, const Log& log) {
  rocksdb::DBOptions db;
  db.env = env;
  db.info_log = make_rocks_log(log);  // see rocks_log.h
  db.create_if_missing = options.create_if_missing;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;  // a failed write stops the store instead of going on
  // Nor does RocksDB go on by itself: what a failed write left behind is unknown.
  db.max_bgerror_resume_count = 0;
  // The default opens a WAL with one flipped bit and drops what follows it in silence.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  if (mutant(Mutant::kDefaultWalRecovery))
    db.wal_recovery_mode = rocksdb::DBOptions().wal_recovery_mode;
  // A replayed WAL may stand in page cache only; flushed, it is durable before it is sent.
  db.avoid_flush_during_recovery = mutant(Mutant::kReplayNotFlushed);
  // Everything that was OK is in the WAL and synced; a clean close need not write it again.
  db.avoid_flush_during_shutdown = true;
  db.manual_wal_flush = false;  // a group is in the file when Write returns
  db.allow_mmap_writes = false;
  db.max_write_batch_group_size_bytes = kGroupBytesMax;
  db.max_total_wal_size = 4 * options.write_buffer_bytes;  // meta never flushes by itself
  db.max_background_jobs = 2;  // one flush, one compaction: 7.8.3 may reorder parallel flushes
  db.max_subcompactions = 1;
  db.max_open_files = -1;  // a secondary instance (status, peek) needs all files open
  db.sst_file_manager.reset(
      rocksdb::NewSstFileManager(env, db.info_log));  // notices a full disk, and its end
  db.max_log_file_size = 0;
  db.keep_log_file_num = 1;
  db.stats_dump_period_sec = 0;                  // nothing wakes up when idle
  db.stats_persist_period_sec = 0;               // neither does this
  db.track_and_verify_wals_in_manifest = false;  // false alarms in 7.8.3 (fixed in 7.10)
  db.recycle_log_file_num = 0;                   // unsafe with this recovery mode
  return db;
}

rocksdb::ColumnFamilyOptions data_family_options(const Options& options,
                                                 std::shared_ptr<const DurableHeads> heads) {
  rocksdb::ColumnFamilyOptions family;
  // Levels rewrite two or three times what spans all lanes, FIFO would drop what is not sent:
  // docs/bench/key-format.md.
  family.compaction_style = rocksdb::kCompactionStyleUniversal;
  family.level0_file_num_compaction_trigger = kRunsMax;
  family.level0_slowdown_writes_trigger = kRunsSlowdown;
  family.level0_stop_writes_trigger = kRunsStop;
  // With one lane runs do not overlap: they are moved, not rewritten.
  family.compaction_options_universal.allow_trivial_move = true;
  // Space is bounded by whole-file deletion and the reclaimer, not by full rewrites.
  family.compaction_options_universal.max_size_amplification_percent = 1'000'000;
  family.compression = rocksdb::kNoCompression;  // short-lived; Kafka batches are compressed later
  family.write_buffer_size = options.write_buffer_bytes;
  // No DeleteRange in such a family: 7.8.3 would take a hint of the entries for its table of ranges
  // (memtable.cc: MemTable::Add).
  family.memtable_insert_with_hint_prefix_extractor = lane_hints(options.write_buffer_bytes);
  family.max_write_buffer_number = 3;
  family.min_write_buffer_number_to_merge = 1;
  family.max_write_buffer_size_to_maintain = 0;  // memory: no history of flushed memtables
  family.target_file_size_base = options.write_buffer_bytes;
  family.ttl = 0;                          // nothing is removed by age,
  family.periodic_compaction_seconds = 0;  // nor rewritten by it (30 days by default)
  family.compaction_filter_factory = std::make_shared<HeadFilterFactory>(std::move(heads));
  family.table_properties_collector_factories = {make_table_lanes_factory()};  // settled_tables.h
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table_options()));
  return family;
}

rocksdb::ColumnFamilyOptions small_family_options() {
  rocksdb::ColumnFamilyOptions family;
  family.compression = rocksdb::kNoCompression;
  family.write_buffer_size = kSmallWriteBufferBytes;
  family.max_write_buffer_number = 2;
  family.ttl = 0;
  family.periodic_compaction_seconds = 0;
  auto table = table_options();
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));  // "never seen" is the usual answer
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

rocksdb::WriteOptions durable_write() {
  rocksdb::WriteOptions write;
  write.sync = !mutant(Mutant::kFsyncSkipped);  // OK means fsynced
  write.disableWAL = false;
  write.no_slowdown = false;  // wait for a flush rather than fail
  return write;
}

}  // namespace outbox::store
