#include "store/block_slab.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <string>

namespace outbox::store {
namespace {

TEST_CASE("block slab: records of all sizes are copied whole, in order") {
  BlockSlab slab;
  std::vector<std::string> records;
  for (const std::size_t bytes : {1UL, 100UL, 5'000UL, 3UL, 100'000UL, 4'096UL, 0UL, 1'000UL}) {
    records.emplace_back(bytes, static_cast<char>('a' + records.size()));
  }
  for (std::size_t i = 0; i < records.size(); ++i) slab.add(7, i + 1, records[i]);
  REQUIRE(slab.entries().size() == records.size());
  std::size_t used = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    CHECK(slab.entries()[i].lane == 7);
    CHECK(slab.entries()[i].seq == i + 1);
    CHECK(slab.entries()[i].record == records[i]);
    used += records[i].size();
  }
  CHECK(slab.used_bytes() == used);
  CHECK(slab.bytes() >= used);
}

TEST_CASE("block slab: an entry's memory stays without the slab and without the other blocks") {
  std::shared_ptr<const SlabMemory> kept;
  std::weak_ptr<const SlabMemory> other;
  std::string_view record;
  {
    BlockSlab slab;
    for (Seq seq = 1; seq <= 100; ++seq) slab.add(1, seq, std::string(1'000, 'x'));
    kept = slab.entries().back().memory->shared_from_this();
    other = slab.entries().front().memory->shared_from_this();
    record = slab.entries().back().record;
  }
  CHECK(other.expired());
  CHECK(record == std::string(1'000, 'x'));
  CHECK(kept->bytes() < 20'000);
}

TEST_CASE("block slab: each record's memory is counted, and little more than it needs") {
  for (const std::size_t bytes : {10UL, 100UL, 1'000UL, 4'097UL, 10'000UL}) {
    BlockSlab slab;
    slab.add(1, 1, std::string(bytes, 'x'));
    CHECK(slab.bytes() <= std::max<std::size_t>(bytes, 4'096));
    for (Seq seq = 2; seq <= 1'000; ++seq) slab.add(1, seq, std::string(bytes, 'x'));
    std::map<const SlabMemory*, std::size_t> memory;
    for (const SlabEntry& entry : slab.entries()) memory[entry.memory] = entry.memory->bytes();
    std::size_t counted = 0;
    for (const auto& [block, size] : memory) counted += size;
    CHECK(counted == slab.bytes());
    CHECK(slab.bytes() <= slab.used_bytes() * 5 / 4 + (16 << 10));
  }
}

}  // namespace
}  // namespace outbox::store
