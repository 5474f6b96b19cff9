#pragma once

#include <rocksdb/options.h>

#include <memory>
#include <string>
#include <vector>

#include "store/head_filter.h"

namespace outbox::bench {

enum class KeyKind {
  kLaneSeq,      ///< lane | seq
  kAppendOrder,  ///< one number over all lanes; lane | seq stands first in the value
};

/// A key and the options it is tried with.
struct Candidate {
  std::string name;
  KeyKind key = KeyKind::kLaneSeq;
  int level0_trigger = 4;
  std::uint64_t level1_bytes = std::uint64_t{256} << 20;
  bool split_by_lane = false;  ///< SstPartitioner on the lane
  bool universal = false;
};

/// What DESIGN section 4 names, and what the store ships with ("store").
std::vector<Candidate> candidates();

/// The data family with the store's own options, changed as the candidate says.
rocksdb::ColumnFamilyOptions family_options(const Candidate& candidate,
                                            std::shared_ptr<const store::DurableHeads> heads);

}  // namespace outbox::bench
