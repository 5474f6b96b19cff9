#include "store/request_pool.h"

#include <catch2/catch.hpp>

namespace outbox::test {
namespace {

std::unique_ptr<store::CommitRequest> used(std::size_t body_bytes) {
  auto request = std::make_unique<store::CommitRequest>();
  store::CommitItem& item = request->items.add();
  request->copied.assign(body_bytes, 'x');
  item.idempotency_key = "key";
  item.appended = {7, true};
  request->also = [](rocksdb::WriteBatch&, std::span<const store::CommitItem>) { return Status(); };
  request->done = [](const Result<Appended>&) {};
  request->with_progress = true;
  request->bytes = body_bytes;
  request->status = Status(Code::kIndeterminate, "in doubt");
  return request;
}

}  // namespace

TEST_CASE("request pool: a request comes back as new, with the room of what it copied") {
  store::RequestPool pool;
  std::vector<std::unique_ptr<store::CommitRequest>> answered;
  answered.push_back(used(1'000));
  pool.give_back(answered);
  const auto again = pool.take();
  CHECK(again->items.size() == 0);
  CHECK(again->items.front().idempotency_key.empty());
  CHECK(again->items.front().appended.seq == 0);
  CHECK_FALSE(again->items.front().appended.repeated);
  CHECK_FALSE(again->also);
  CHECK_FALSE(again->done);
  CHECK_FALSE(again->with_progress);
  CHECK(again->bytes == 0);
  CHECK(again->status.ok());
  CHECK(again->copied.empty());
  CHECK(again->copied.capacity() >= 1'000);
  CHECK(pool.take()->copied.capacity() < 100);
}

TEST_CASE("request pool: what it keeps is bounded") {
  constexpr std::size_t kBodyBytes = 100'000;
  constexpr std::size_t kFitMax = store::RequestPool::kKeptBytesMax / kBodyBytes;
  store::RequestPool pool;
  std::vector<std::unique_ptr<store::CommitRequest>> answered;
  for (std::size_t i = 0; i < 2 * kFitMax; ++i) answered.push_back(used(kBodyBytes));
  pool.give_back(answered);
  std::size_t kept = 0;
  while (kept < 2 * kFitMax && pool.take()->copied.capacity() >= kBodyBytes) ++kept;
  CHECK(kept > kFitMax / 2);
  CHECK(kept <= kFitMax);
}

}  // namespace outbox::test
