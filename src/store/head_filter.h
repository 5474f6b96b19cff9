#pragma once

#include <rocksdb/compaction_filter.h>

#include <memory>
#include <mutex>
#include <vector>

#include "store/format.h"

namespace outbox::store {

/// The lanes' durable heads: what may be dropped from the data family.
/// Thread-safe.
class DurableHeads {
 public:
  /// `head` is covered by an fsync. Never goes back.
  void set(LaneId lane, Seq head);
  std::vector<Seq> snapshot() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Seq> heads_;  ///< by lane id; lane ids are dense
};

/// Drops entries below their lane's durable head at flush and compaction,
/// without reading or writing them (kRemoveAndSkipUntil); every other key
/// stays. Not while the WAL is replayed: the heads are not known then.
class HeadFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit HeadFilterFactory(std::shared_ptr<const DurableHeads> heads)
      : heads_(std::move(heads)) {}
  const char* Name() const override { return "outbox.HeadFilter"; }
  bool ShouldFilterTableFileCreation(rocksdb::TableFileCreationReason reason) const override;
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& context) override;

 private:
  const std::shared_ptr<const DurableHeads> heads_;
};

}  // namespace outbox::store
