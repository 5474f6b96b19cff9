#include "audit/topic_audit.h"

#include <catch2/catch.hpp>
#include <vector>

#include "audit/accounts.h"

namespace outbox::audit {
namespace {

constexpr std::uint32_t kOutbox = 0xab;

class Rig {
 public:
  explicit Rig(std::vector<std::int64_t> begins = {0, 0}) {
    for (std::size_t i = 0; i < begins.size(); ++i) {
      audit.begin(static_cast<std::int32_t>(i), begins[i]);
    }
  }
  Rig& take(std::int32_t partition, Seq seq, Seq prev, std::uint64_t session = 1) {
    audit.take(partition, {kOutbox, session, seq, prev});
    return *this;
  }
  const OutboxFound& found() { return audit.outboxes().at(kOutbox); }
  std::vector<Range> missing() { return found().missing().listed(100); }
  std::vector<Range> gaps(std::int32_t partition) {
    return found().chains.at(partition).gaps.listed(100);
  }

  TopicAudit audit;
};

TEST_CASE("audit: all there, over partitions and sessions") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 3, 1).take(1, 2, 0).take(1, 4, 2, 2).take(0, 5, 3, 2);
  rig.audit.foreign();
  rig.audit.finish();
  CHECK(rig.missing().empty());
  CHECK(rig.found().doubled() == 0);
  CHECK(rig.found().reordered() == 0);
  CHECK(rig.found().open_gaps() == 0);
  CHECK(rig.found().sessions.at(1).seen.listed(9) == std::vector<Range>{{1, 3}});
  CHECK(rig.found().sessions.at(2).seen.listed(9) == std::vector<Range>{{4, 5}});
  CHECK(rig.audit.messages() == 5);
  CHECK(rig.audit.foreign_messages() == 1);
}

TEST_CASE("audit: a lost message is missing, and its successor names it") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 3, 2).take(1, 4, 0);
  rig.audit.finish();
  CHECK(rig.missing() == std::vector<Range>{{2, 2}});
  CHECK(rig.gaps(0) == std::vector<Range>{{2, 2}});
  CHECK(rig.gaps(1).empty());
}

TEST_CASE("audit: the first message of a partition names one that is not there") {
  Rig rig;
  rig.take(0, 7, 3);
  rig.audit.finish();
  CHECK(rig.gaps(0) == std::vector<Range>{{3, 3}});
}

TEST_CASE("audit: a dead letter is missing, and no gap in its chain") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 3, 1);
  rig.audit.finish();
  CHECK(rig.missing() == std::vector<Range>{{2, 2}});
  CHECK(rig.found().open_gaps() == 0);
}

TEST_CASE("audit: repeats of a suffix are counted, and are no disorder") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 2, 1).take(0, 3, 2).take(0, 2, 1).take(0, 3, 2).take(0, 4, 3);
  rig.audit.finish();
  CHECK(rig.found().doubled() == 2);
  CHECK(rig.found().reordered() == 0);
  CHECK(rig.missing().empty());
}

TEST_CASE("audit: one that comes first after its successors is reordered, and closes the chain") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 5, 4).take(0, 2, 1).take(0, 3, 2);
  CHECK(rig.gaps(0) == std::vector<Range>{{4, 4}});
  rig.take(0, 4, 3);
  rig.audit.finish();
  CHECK(rig.gaps(0).empty());
  CHECK(rig.found().reordered() == 3);
  CHECK(rig.missing().empty());
}

TEST_CASE("audit: a late one whose own predecessor never came leaves a gap") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 5, 4).take(0, 4, 3);
  rig.audit.finish();
  CHECK(rig.gaps(0) == std::vector<Range>{{3, 3}});
}

TEST_CASE("audit: a repeat knows who died since, and closes the chain") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 3, 2).take(0, 3, 1);
  rig.audit.finish();
  CHECK(rig.gaps(0).empty());
  CHECK(rig.found().doubled() == 1);
}

TEST_CASE("audit: numbers of a restored outbox are no repeats") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 2, 1).take(0, 3, 2).take(0, 2, 1, 2).take(0, 3, 2, 2);
  rig.audit.finish();
  CHECK(rig.found().doubled() == 0);
  CHECK(rig.found().reordered() == 0);
  CHECK(rig.found().open_gaps() == 0);
  CHECK(rig.found().sessions.at(2).seen.count() == 2);
}

TEST_CASE("audit: an entry of an older session behind a newer one's is reordered") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 3, 2, 2).take(0, 2, 1, 1);
  rig.audit.finish();
  CHECK(rig.found().reordered() == 1);
  CHECK(rig.gaps(0).empty());
}

TEST_CASE("audit: what retention removed is not decided") {
  Rig rig({40, 0});
  rig.take(0, 6, 4).take(1, 2, 0).take(0, 9, 8).take(1, 7, 2);
  rig.audit.finish();
  CHECK(rig.found().undecided_through == 5);
  CHECK(rig.missing() == std::vector<Range>{{8, 8}});
  CHECK(rig.gaps(0) == std::vector<Range>{{8, 8}});
  Rig empty({0, 40});
  empty.take(0, 1, 0).take(0, 5, 1);
  empty.audit.finish();
  CHECK(empty.found().undecided_through == 5);
  CHECK(empty.missing().empty());
}

TEST_CASE("audit: beyond its limit it does not guess") {
  TopicAudit audit(10);
  audit.begin(0, 0);
  for (Seq seq = 1; seq < 100; seq += 2) audit.take(0, {kOutbox, 1, seq, 0});
  CHECK(audit.overflown());
  CHECK(audit.messages() == 50);
}

Books books(Seq head, Seq tail, std::uint64_t pending = 0) {
  Books out;
  out.head = head;
  out.tail = tail;
  out.pending = pending;
  return out;
}

TEST_CASE("audit: the books tell what became of each missing number") {
  Rig rig;
  rig.take(0, 1, 0).take(0, 4, 1).take(0, 6, 4).take(0, 9, 6);
  rig.audit.finish();
  Books own = books(8, 10, 2);
  own.dead.add(2, 2);
  own.purged.add(3, 5);
  own.requeued_unlisted = 1;
  Reckoning told = reckon(&rig.found(), own);
  CHECK(told.dead == 1);
  CHECK(told.purged == 2);
  CHECK(told.requeued == 1);
  CHECK(told.pending == 2);
  CHECK(told.lost.empty());
  CHECK(told.beyond.empty());

  own.requeued_unlisted = 0;
  CHECK(reckon(&rig.found(), own).lost.listed(9) == std::vector<Range>{{7, 7}});
  own.pending = 1;
  CHECK(reckon(&rig.found(), own).lost.listed(9) == std::vector<Range>{{7, 8}, {10, 10}});
  own.tail = 5;
  CHECK(reckon(&rig.found(), own).beyond.listed(9) == std::vector<Range>{{6, 6}, {9, 9}});
}

TEST_CASE("audit: a topic that holds nothing of an outbox that delivered") {
  CHECK(reckon(nullptr, books(4, 3)).lost.listed(9) == std::vector<Range>{{1, 3}});
  CHECK(reckon(nullptr, books(1, 3, 3)).lost.empty());
  CHECK(reckon(nullptr, books(1, 0)).lost.empty());
}

}  // namespace
}  // namespace outbox::audit
