#include "inbox/partition.h"

#include <rocksdb/transaction_log.h>
#include <rocksdb/write_batch.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <vector>

#include "store/format.h"
#include "support/campaign.h"
#include "unit/inbox/inbox_store.h"
#include "unit/inbox/relay_log.h"

namespace outbox::inbox {
namespace {

using outbox::test::TempDir;

const kafka::TopicPartition kWhere{"orders", 3};
constexpr DedupLimits kWide{1'000, 1'000'000, 1'000};

/// A partition of Kafka: offsets with holes, and what each message should do.
struct Log {
  std::vector<Received> messages;
  std::set<std::int64_t> firsts;  ///< offsets whose message has an effect

  Log(const std::vector<MessageId>& ids, model::Rng& rng) {
    std::set<std::pair<std::uint64_t, Seq>> seen;
    std::int64_t offset = 0;
    for (const MessageId& id : ids) {
      offset += rng.one_in(10) ? 2 : 1;
      Received received;
      received.offset = offset;
      received.message.topic = kWhere.topic;
      received.message.partition = kWhere.partition;
      received.message.headers = {
          {"outbox-id",
           store::session_prefix(outbox_text(id.outbox), id.session) + std::to_string(id.seq)},
          {"outbox-prev", std::to_string(id.prev)}};
      messages.push_back(std::move(received));
      if (seen.emplace(id.session, id.seq).second) firsts.insert(offset);
    }
  }
};

/// What a crash after each write would leave: the inbox's rows and the effects, batch by batch.
class Prefix final : public rocksdb::WriteBatch::Handler {
 public:
  explicit Prefix(const Store& store) : own_(store.family(Store::kFamily)->GetID()) {}

  rocksdb::Status PutCF(std::uint32_t family, const rocksdb::Slice& key,
                        const rocksdb::Slice& value) override {
    if (family == own_) rows[key.ToString()] = value.ToString();
    if (family != own_) ++effects[std::stoll(key.ToString())];
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(std::uint32_t family, const rocksdb::Slice& key) override {
    if (family == own_) rows.erase(key.ToString());
    return rocksdb::Status::OK();
  }

  std::int64_t position() const {
    const std::string key = position_key(kWhere);
    const auto found = rows.find(key);
    return found == rows.end() ? 0 : read_position(key, found->second)->offset;
  }
  std::set<std::int64_t> done() const {
    std::set<std::int64_t> out;
    const std::string prefix = done_prefix(kWhere);
    for (const auto& [key, value] : rows) {
      if (key.starts_with(prefix))
        out.insert(offset_of(std::string_view(key).substr(prefix.size())));
    }
    return out;
  }
  std::map<SessionKey, Seq> highs() const {
    std::map<SessionKey, Seq> out;
    const std::string prefix = dedup_prefix(kWhere);
    for (const auto& [key, value] : rows) {
      if (!key.starts_with(prefix)) continue;
      out[session_of(std::string_view(key).substr(prefix.size()))] = read_dedup(key, value)->high;
    }
    return out;
  }

  std::map<std::string, std::string> rows;
  std::map<std::int64_t, int> effects;  ///< by offset, how often

 private:
  const std::uint32_t own_;
};

/// Of the messages below `position`.
std::map<SessionKey, Seq> highs_at(const Log& log, std::int64_t position) {
  Dedup dedup(kWide);
  for (const Received& received : log.messages) {
    if (received.offset < position) dedup.judge(*message_id_of(received.message.headers), 0);
  }
  std::map<SessionKey, Seq> out;
  for (const auto& [key, state] : dedup.sessions()) out[key] = state.high;
  return out;
}

void check_prefix(const Log& log, const Prefix& prefix) {
  const std::int64_t position = prefix.position();
  const std::set<std::int64_t> done = prefix.done();
  for (const Received& received : log.messages) {
    const std::int64_t offset = received.offset;
    const bool finished = offset < position || done.contains(offset);
    const auto found = prefix.effects.find(offset);
    const int times = found == prefix.effects.end() ? 0 : found->second;
    INFO("offset " << offset << ", position " << position);
    REQUIRE(times == (finished && log.firsts.contains(offset) ? 1 : 0));
  }
  REQUIRE(prefix.highs() == highs_at(log, position));
}

/// Works through the log on one thread as many would: messages end in any order, and now and then
/// the process dies and begins again from what is stored.
class Work {
 public:
  Work(const Log& log, Store& store, model::Rng& rng) : log_(log), store_(store), rng_(rng) {}

  void run() {
    restart();
    while (!in_hand_.empty() || at_ < log_.messages.size()) {
      if (rng_.one_in(60)) {
        restart();
      } else if (rng_.one_in(40)) {
        REQUIRE(partition_->flush().ok());
      } else if (!in_hand_.empty() && (in_hand_.size() >= 8 || rng_.one_in(2))) {
        finish_one();
      } else if (at_ < log_.messages.size()) {
        take_next();
      }
    }
    REQUIRE(partition_->flush().ok());
  }

 private:
  void restart() {
    auto known = store_.load(kWhere);
    REQUIRE(known.ok());
    const std::int64_t position = known->position ? known->position->offset : 0;
    partition_ = std::make_unique<Partition>(kWhere, Start{position, position, true},
                                             std::move(*known), kWide, &store_);
    in_hand_.clear();
    at_ = 0;
    while (at_ < log_.messages.size() && log_.messages[at_].offset < position) ++at_;
  }
  void take_next() {
    const Received& received = log_.messages[at_++];
    if (partition_->admit(received, 0).fate != Fate::kWork) return;
    REQUIRE(partition_->begin());
    in_hand_.push_back(received.offset);
  }
  void finish_one() {
    const std::size_t which = rng_.below(in_hand_.size());
    const std::int64_t offset = in_hand_[which];
    in_hand_.erase(in_hand_.begin() + static_cast<std::ptrdiff_t>(which));
    rocksdb::WriteBatch batch;
    batch.Put(store_.family("state"), std::to_string(offset), "");
    REQUIRE(partition_->finish(offset, batch).ok());
  }

  const Log& log_;
  Store& store_;
  model::Rng& rng_;
  std::unique_ptr<Partition> partition_;
  std::vector<std::int64_t> in_hand_;
  std::size_t at_ = 0;
};

TEST_CASE("partition: whichever write is the last one before a crash, each effect is there once") {
  outbox::test::Campaign campaign("inbox-partition", 40);
  while (campaign.next()) {
    model::Rng rng(campaign.seed());
    INFO(campaign.replay());
    test::RelayLog relay(campaign.seed());
    for (int i = 0; i < 15; ++i) relay.step();
    const Log log(relay.log(), rng);
    const TempDir dir(TempDir::in_memory());
    const auto store = test::open_store(dir.path());
    const rocksdb::SequenceNumber begin = store->db().GetLatestSequenceNumber() + 1;
    Work(log, *store, rng).run();

    Prefix prefix(*store);
    std::unique_ptr<rocksdb::TransactionLogIterator> writes;
    REQUIRE(store->db().GetUpdatesSince(begin, &writes).ok());
    int count = 0;
    for (; writes->Valid(); writes->Next(), ++count) {
      REQUIRE(writes->GetBatch().writeBatchPtr->Iterate(&prefix).ok());
      check_prefix(log, prefix);
    }
    CHECK(writes->status().ok());
    CHECK(count >= static_cast<int>(log.firsts.size()));
    CHECK(prefix.effects.size() == log.firsts.size());
    CHECK(prefix.done().empty());
  }
}

TEST_CASE("partition: what ends while a handler works keeps nothing of it") {
  const TempDir dir;
  const auto store = test::open_store(dir.path());
  Partition partition(kWhere, Start{0, 0, false}, {}, kWide, store.get());
  Received received;
  received.message.topic = kWhere.topic;
  received.offset = 5;
  CHECK(partition.admit(received, 0).fate == Fate::kWork);
  CHECK(partition.admit(received, 0).fate == Fate::kIgnored);
  REQUIRE(partition.begin());
  partition.close();
  CHECK_FALSE(partition.begin());
  CHECK_FALSE(partition.ended_by(std::chrono::steady_clock::now()));
  rocksdb::WriteBatch batch;
  batch.Put(store->family("state"), "5", "");
  CHECK(partition.finish(5, batch).code() == Code::kClosed);
  std::string value;
  CHECK(store->db().Get(rocksdb::ReadOptions(), store->family("state"), "5", &value).IsNotFound());
  CHECK_FALSE(store->load(kWhere)->position);
}

TEST_CASE("partition: what is read back below the position only tells duplicates") {
  const TempDir dir;
  const auto store = test::open_store(dir.path());
  Partition partition(kWhere, Start{10, 5, false}, {}, kWide, store.get());
  const auto received = [](std::int64_t offset, Seq seq) {
    Received out;
    out.message.topic = kWhere.topic;
    out.message.headers = {{"outbox-id", "000000ab.1/" + std::to_string(seq)},
                           {"outbox-prev", std::to_string(seq - 1)}};
    out.offset = offset;
    return out;
  };
  CHECK(partition.admit(received(7, 1), 0).fate == Fate::kRead);
  CHECK(partition.admit(received(9, 2), 0).fate == Fate::kRead);
  CHECK(partition.admit(received(10, 2), 0).fate == Fate::kDuplicate);
  CHECK_FALSE(partition.to_commit());
  CHECK(partition.admit(received(11, 3), 0).fate == Fate::kWork);
  REQUIRE(partition.flush().ok());
  CHECK(partition.to_commit() == 11);
  CHECK(store->load(kWhere)->position->offset == 11);
  CHECK(store->load(kWhere)->sessions.at(0).second.high == 2);
}

}  // namespace
}  // namespace outbox::inbox
