#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "key_format_candidates.h"

namespace outbox::bench {

/// What is appended and how it is drained.
struct Load {
  std::uint32_t lanes = 1;
  std::size_t value_bytes = 1024;
  std::uint64_t backlog_bytes = 0;
  bool one_in_ten_stuck = false;  ///< every tenth lane is appended to and never drained
};

struct Outcome {
  double append_mb_s = 0;  ///< unsynced: what compaction leaves of it
  double drain_mb_s = 0;   ///< reading, settling and giving space back, without Kafka
  /// Written per user byte until the backlog stood, and to give its space back.
  double wal = 0;
  double flush = 0;
  double compaction = 0;
  double reclaim = 0;
  /// MB in SST files: before the drain, when half is drained, and after it; and what must stay.
  double sst_full_mb = 0;
  double sst_half_mb = 0;
  double sst_drained_mb = 0;
  double pinned_mb = 0;
  std::uint64_t files_max = 0;
};

/// One run in `dir`, which is emptied before and after. A RocksDB error or a
/// missing entry ends the program: a figure would mean nothing.
Outcome run(const Candidate& candidate, const Load& load, const std::filesystem::path& dir);

}  // namespace outbox::bench
