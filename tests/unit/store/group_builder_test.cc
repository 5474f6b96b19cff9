#include "store/group_builder.h"

#include <deque>

#include "base/crc32c.h"
#include "store/meta.h"
#include "unit/store/fixture.h"

namespace outbox::test {
namespace {

/// Requests to one lane, and groups of them that nobody writes.
struct Fixture {
  Fixture() {
    auto opened = store::open_database(disk.path, options, disk.env.get(), logger_or_null({}),
                                       std::make_shared<store::DurableHeads>());
    REQUIRE(opened.ok());
    database = std::move(*opened);
    idempotency.emplace(*database, options, clock);
    builder.emplace(*database, *idempotency);
    // A value that is too short: looking the key up fails.
    REQUIRE(database->db->Put({}, database->idempotency, "kdamaged", "x").ok());
  }

  /// A message for each key; an empty one is a message without a key.
  store::CommitRequest& request(const std::vector<std::string>& keys, std::size_t value_bytes = 3) {
    store::CommitRequest& made = requests.emplace_back();
    made.items.reserve(keys.size());
    const std::string& value = texts.emplace_back(value_bytes, 'v');
    for (const std::string& key : keys) {
      store::CommitItem& item = made.items.add();
      item.lane = &lane;
      item.value = value;
      item.body_crc = crc32c(0, item.value);
      item.record_bytes = value_bytes + store::kRecordCrcBytes;
      item.idempotency_key = texts.emplace_back(key);
      made.bytes += item.record_bytes;
    }
    return made;
  }
  std::unique_ptr<store::Group> group_of(store::CommitRequest& first) {
    auto group = builder->begin(first);
    builder->add(first, *group);
    return group;
  }
  /// What its only item was answered.
  static Appended answer(const store::CommitRequest& request) {
    REQUIRE(request.status.ok());
    return request.items.front().appended;
  }

  const Disk disk;
  ManualClock clock;
  Options options;
  std::unique_ptr<store::Database> database;
  std::optional<store::Idempotency> idempotency;
  std::optional<store::GroupBuilder> builder;
  store::Lane lane{1, "t"};
  std::deque<store::CommitRequest> requests;
  std::deque<std::string> texts;  ///< that requests point into
};

}  // namespace

TEST_CASE("group builder: numbers go on from group to group, and what does not fit is left out") {
  Fixture fixture;
  const std::size_t half = store::GroupBuilder::kBytesMax / 2;
  const auto first = fixture.group_of(fixture.request({""}, half));
  store::CommitRequest& small = fixture.request({"", ""});
  CHECK(store::GroupBuilder::fits(small, *first));
  fixture.builder->add(small, *first);
  store::CommitRequest& large = fixture.request({""}, half);
  CHECK_FALSE(store::GroupBuilder::fits(large, *first));
  const auto second = fixture.group_of(large);
  CHECK(Fixture::answer(large).seq == 4);
  CHECK(first->requests.size() == 2);
  REQUIRE(first->touched.size() == 1);
  CHECK(first->touched[0].from == 1);
  CHECK(first->touched[0].through() == 3);
  CHECK(second->touched[0].from == 4);
  CHECK(second->touched[0].bytes == large.bytes);
  fixture.builder->complete(*first);
  first->slab->seal();
  REQUIRE(first->slab->entries().size() == 3);
  for (const store::SlabEntry& entry : first->slab->entries()) {
    const std::string_view body = entry.record.substr(0, entry.record.size() - 4);
    CHECK(get_big<std::uint32_t>(entry.record.data() + body.size()) ==
          store::record_crc(crc32c(0, body), entry.lane, entry.seq));
  }
}

TEST_CASE("group builder: a single message that is waited for has its number, and is put later") {
  Fixture fixture;
  store::CommitRequest& waiting = fixture.request({""});
  const auto group = fixture.group_of(waiting);
  CHECK(Fixture::answer(waiting).seq == 1);
  CHECK(group->slab->batch().Count() == 0);
  // The message of an append_async is not there any more when its group is written.
  store::CommitRequest& async = fixture.request({""});
  async.done = [](const Result<Appended>&) {};
  fixture.builder->add(async, *group);
  CHECK(group->slab->batch().Count() == 2);
  fixture.builder->add(fixture.request({""}), *group);
  fixture.builder->complete(*group);
  fixture.builder->complete(*group);  // once
  group->slab->seal();
  REQUIRE(group->slab->entries().size() == 3);
  for (Seq seq = 1; seq <= 3; ++seq) CHECK(group->slab->entries()[seq - 1].seq == seq);
}

TEST_CASE("group builder: a request larger than a group has one for itself") {
  Fixture fixture;
  const std::size_t bytes = store::GroupBuilder::kBytesMax + 1;
  store::CommitRequest& large = fixture.request({""}, bytes);
  const auto group = fixture.builder->begin_filling(large);
  CHECK(store::GroupBuilder::fits(large, *group));
  fixture.builder->add(large, *group);
  CHECK_FALSE(store::GroupBuilder::fits(fixture.request({""}), *group));
}

TEST_CASE("group builder: after a large one a group has no more room than groups may have") {
  Fixture fixture;
  const std::size_t bytes_max = store::GroupBuilder::kBytesMax;
  fixture.builder->end(fixture.group_of(fixture.request({""}, 3 * bytes_max)));
  const auto next = fixture.builder->begin_filling(fixture.request({""}));
  CHECK(next->slab->bytes() <= bytes_max);
}

TEST_CASE("group builder: a request that fails leaves nothing, and its numbers go to the next") {
  Fixture fixture;
  const auto group = fixture.group_of(fixture.request({""}));
  store::CommitRequest& failing = fixture.request({"a", "", "damaged"});
  fixture.builder->add(failing, *group);
  CHECK(failing.status.code() == Code::kCorruption);
  CHECK(group->slab->batch().Count() == 1);
  CHECK(group->requests.size() == 2);
  store::CommitRequest& next = fixture.request({"a"});
  fixture.builder->add(next, *group);
  CHECK(Fixture::answer(next) == Appended{2, false});
  CHECK(group->touched[0].through() == 2);
  CHECK(group->touched[0].bytes == 2 * next.bytes);
  fixture.builder->complete(*group);
  group->slab->seal();
  CHECK(group->slab->entries().size() == 2);
}

TEST_CASE("group builder: a failure from the start is listed, to be answered in its turn") {
  Fixture fixture;
  store::CommitRequest& failed = fixture.request({});
  failed.status = Status(Code::kTooLarge, "no");
  const auto group = fixture.group_of(failed);
  CHECK(group->requests.size() == 1);
  CHECK(group->slab->batch().Count() == 0);
  CHECK(failed.status.code() == Code::kTooLarge);
}

TEST_CASE("group builder: a key is known while its group waits, whatever became of others") {
  Fixture fixture;
  auto first = fixture.group_of(fixture.request({"a"}));
  store::CommitRequest& failing = fixture.request({"b", "damaged"});
  fixture.builder->add(failing, *first);
  REQUIRE_FALSE(failing.status.ok());
  auto second = fixture.group_of(fixture.request({"b"}));
  store::CommitRequest& again = fixture.request({"a"});
  fixture.builder->add(again, *second);
  CHECK(Fixture::answer(again) == Appended{1, true});
  // The first one's key would be on disk now; the second one's is still on its way.
  fixture.builder->end(std::move(first));
  store::CommitRequest& third = fixture.request({"b"});
  fixture.builder->add(third, *second);
  CHECK(Fixture::answer(third) == Appended{2, true});
  store::CommitRequest& unwritten = fixture.request({"a"});
  fixture.builder->add(unwritten, *second);
  CHECK(Fixture::answer(unwritten) == Appended{3, false});
}

}  // namespace outbox::test
