#include "store/slab_pool.h"

#include <malloc.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "store/format.h"

namespace outbox::store {
namespace {

constexpr std::size_t kBytes = 100'000;

void put(CommitSlab& slab, Seq seq, std::size_t bytes) {
  REQUIRE(slab.put(nullptr, 1, seq, "", std::string(bytes, 'v'), 0).ok());
}

}  // namespace

TEST_CASE("slab pool: what comes back is used again, and is empty") {
  SlabPool pool;
  std::shared_ptr<CommitSlab> slab = pool.take(kBytes, 10);
  put(*slab, 7, kBytes / 2);
  slab->seal();
  REQUIRE(slab->entries().size() == 1);
  const CommitSlab* const first = slab.get();
  slab.reset();
  slab = pool.take(kBytes, 10);
  CHECK(slab.get() == first);
  CHECK(slab->entries().empty());
  CHECK(slab->mark() == 0);
  CHECK(slab->batch().Count() == 0);
  CHECK(slab->bytes() >= kBytes);
  put(*slab, 8, 3);
  slab->seal();
  REQUIRE(slab->entries().size() == 1);
  CHECK(slab->entries().front().seq == 8);
  CHECK(slab->entries().front().record.starts_with("vvv"));
}

TEST_CASE("slab pool: a small group gets none of the large ones") {
  SlabPool pool;
  pool.take(kBytes, 10).reset();
  REQUIRE(pool.kept_bytes() >= kBytes);
  CHECK(pool.take(kBytes / 100, 1)->bytes() < kBytes);
}

TEST_CASE("slab pool: a large group gets none of the small ones, whatever came back last") {
  SlabPool pool;
  std::shared_ptr<CommitSlab> large = pool.take(kBytes, 10);
  std::shared_ptr<CommitSlab> small = pool.take(kBytes / 100, 1);
  const CommitSlab* const first = large.get();
  large.reset();
  small.reset();
  const std::shared_ptr<CommitSlab> again = pool.take(kBytes, 10);
  CHECK(again.get() == first);
  CHECK(pool.take(kBytes, 10)->bytes() >= kBytes);
}

TEST_CASE("slab pool: it keeps no more than its limit") {
  SlabPool pool;
  std::vector<std::shared_ptr<CommitSlab>> out(8);
  const std::size_t bytes = SlabPool::kKeptBytesMax / 4;
  for (auto& slab : out) slab = pool.take(bytes, 1);
  out.clear();
  CHECK(pool.kept_bytes() > SlabPool::kKeptBytesMax / 2);
  CHECK(pool.kept_bytes() <= SlabPool::kKeptBytesMax);
}

TEST_CASE("slab pool: one beyond the limit pushes nothing out") {
  SlabPool pool;
  pool.take(kBytes, 1).reset();
  const std::size_t before = pool.kept_bytes();
  REQUIRE(before >= kBytes);
  pool.take(SlabPool::kKeptBytesMax + 1, 1).reset();
  CHECK(pool.kept_bytes() == before);
}

TEST_CASE("slab pool: what it keeps goes with it") {
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  const std::size_t before = in_use();
  {
    SlabPool pool;
    pool.take(SlabPool::kKeptBytesMax / 2, 1).reset();
    REQUIRE(pool.kept_bytes() >= SlabPool::kKeptBytesMax / 2);
  }
  CHECK(in_use() < before + SlabPool::kKeptBytesMax / 4);
}

TEST_CASE("slab pool: a slab may outlive it") {
  auto pool = std::make_unique<SlabPool>();
  std::shared_ptr<CommitSlab> slab = pool->take(kBytes, 1);
  pool.reset();
  put(*slab, 1, 10);
  slab->seal();
  CHECK(slab->entries().size() == 1);
}

}  // namespace outbox::store
