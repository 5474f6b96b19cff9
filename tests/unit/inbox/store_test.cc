#include "inbox/store.h"

#include <rocksdb/write_batch.h>

#include <catch2/catch.hpp>

#include "unit/inbox/inbox_store.h"

namespace outbox::inbox {
namespace {

using kafka::TopicPartition;
using outbox::test::TempDir;
using test::open_store;
using test::settings;

const TopicPartition kWhere{"orders", 3};

/// Puts a value of the inbox's own family as a damaged disk would.
void overwrite(const std::filesystem::path& dir, std::string_view key, const std::string& value) {
  const auto store = open_store(dir);
  rocksdb::WriteBatch batch;
  batch.Put(store->family(Store::kFamily), rocksdb::Slice(key.data(), key.size()), value);
  REQUIRE(store->write(batch).ok());
}

TEST_CASE("inbox store: what one write holds is there when it is opened again") {
  const TempDir dir;
  std::string id;
  {
    const auto store = open_store(dir.path());
    id = store->id();
    CHECK(id.size() == 16);
    rocksdb::WriteBatch batch;
    batch.Put(store->family("state"), "k", "v");
    SessionState state{9, {}, 5};
    state.gaps.open({5, 7});
    store->put_position(batch, kWhere, {700, 650});
    store->put_session(batch, kWhere, {1, 2}, state);
    store->put_done(batch, kWhere, 702);
    store->put_done(batch, {"orders", 4}, 1);
    store->put_session(batch, {"orders1", 3}, {1, 2}, state);
    REQUIRE(store->write(batch).ok());
  }
  const auto store = open_store(dir.path());
  CHECK(store->id() == id);
  std::string value;
  CHECK(store->db().Get(rocksdb::ReadOptions(), store->family("state"), "k", &value).ok());
  const auto known = store->load(kWhere);
  REQUIRE(known.ok());
  CHECK(known->position == StoredPosition{700, 650});
  REQUIRE(known->sessions.size() == 1);
  CHECK(known->sessions[0].first == SessionKey{1, 2});
  CHECK(known->sessions[0].second.gaps.ranges().front() == Range{5, 7});
  CHECK(known->done == std::vector<std::int64_t>{702});
  CHECK_FALSE(store->load({"other", 0})->position);
}

TEST_CASE("inbox store: it belongs to one group, and to one process at a time") {
  const TempDir dir;
  const auto store = open_store(dir.path());
  CHECK(Store::open(dir.path(), settings()).status().code() == Code::kBusy);
  const TempDir other;
  { open_store(other.path()); }
  const Status refused = Store::open(other.path(), settings("h")).status();
  CHECK(refused.code() == Code::kInvalidArgument);
  CHECK(refused.message().find("the group g") != std::string::npos);
}

TEST_CASE("inbox store: damage and what a later program wrote are refused by name") {
  const TempDir dir;
  { open_store(dir.path()); }
  overwrite(dir.path(), position_key(kWhere), "damaged");
  {
    const Status status = open_store(dir.path())->load(kWhere).status();
    CHECK(status.code() == Code::kCorruption);
    CHECK(status.message().find("orders") != std::string::npos);
  }
  std::string two(8, '\0');
  two.back() = 2;
  overwrite(dir.path(), kVersionKey, plain_value(kVersionKey, two));
  const Status newer = Store::open(dir.path(), settings()).status();
  CHECK(newer.code() == Code::kUnknownVersion);
  CHECK(newer.message().find("version 2") != std::string::npos);
}

TEST_CASE("inbox store: families that were there before are opened though nobody names them") {
  const TempDir dir;
  { open_store(dir.path()); }
  StoreSettings fewer = settings();
  fewer.families.clear();
  const auto store = Store::open(dir.path(), fewer);
  REQUIRE(store.ok());
  CHECK((*store)->family("state") != nullptr);
  CHECK((*store)->family("nonesuch") == nullptr);
  fewer.families = {Store::kFamily};
  CHECK(Store::open(TempDir().path(), fewer).status().code() == Code::kInvalidArgument);
}

}  // namespace
}  // namespace outbox::inbox
