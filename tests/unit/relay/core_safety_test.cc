#include <catch2/catch.hpp>

#include "core_rig.h"

using namespace outbox;
using namespace outbox::relay;
using namespace outbox::relay::test;

namespace {

CoreOptions only_safe() {
  CoreOptions options = small_options();
  options.only_safe_topics = true;
  return options;
}

void safety(CoreRig& rig, LaneId lane, std::string_view unsafe) {
  rig.core->topic_safety(rig.now, lane, unsafe);
  rig.run();
}

}  // namespace

TEST_CASE("safety: nothing is sent to a topic before it is known to be safe") {
  CoreRig rig(only_safe());
  rig.lane(1, 2);
  rig.append_fresh(1, {0, 1});
  CHECK(rig.out().empty());
  CHECK(rig.state(1) == "held: the cluster's settings are not read yet");
  rig.after(600'000);
  CHECK(rig.out().empty());
  safety(rig, 1, {});
  CHECK(rig.out() == "1/0/1 1/1/2");
  CHECK(rig.state(1) == "flowing");
}

TEST_CASE("safety: an unsafe topic is held by name, keeps all, holds up no other, and heals") {
  CoreRig rig(only_safe());
  rig.lane(1, 1);
  rig.lane(2, 1);
  safety(rig, 1, {});
  safety(rig, 2, {});
  rig.append_fresh(1, {0, 0, 0});
  rig.deliver(1, 1);
  CHECK(rig.out() == "1/0/2 1/0/3");
  safety(rig, 1, "unsafe: min.insync.replicas");
  CHECK(rig.state(1) == "held: unsafe: min.insync.replicas");
  // What is under way is still reported, and counts; a failed one is not sent again.
  rig.deliver(1, 2);
  rig.report(1, 3, Outcome::kPurged);
  rig.append(1, {0, 0});
  rig.append_fresh(2, {0});
  CHECK(rig.out() == "2/0/1");
  CHECK(rig.progress(1).head == 3);
  CHECK(rig.core->stats().held_entries == 1);  // the other topic's
  rig.after(600'000);
  CHECK(rig.out() == "2/0/1");
  safety(rig, 1, {});
  CHECK(rig.state(1) == "flowing");
  rig.deliver_all();
  CHECK(rig.progress(1).head == 6);
  CHECK(rig.lanes[1].delivered == 5);
}

TEST_CASE("safety: a reason that changes is told, the same one is not told again") {
  CoreRig rig(only_safe());
  rig.lane(1, 1);
  const auto told = [&] {
    std::string out;
    for (const Note& note : rig.notes) out += note.text + ";";
    return out;
  };
  safety(rig, 1, "unsafe: a");
  safety(rig, 1, "unsafe: a");
  safety(rig, 1, "unsafe: b");
  safety(rig, 1, {});
  CHECK(told() == "held: unsafe: a;held: unsafe: b;safe again, sending;");
}

TEST_CASE("safety: a held topic can be purged, and stops in time") {
  CoreRig rig(only_safe());
  rig.lane(1, 1);
  rig.append(1, {0, 0});
  CHECK(rig.core->purge(rig.now, 1, 0));
  rig.run();
  REQUIRE(rig.purges.size() == 1);
  CHECK(rig.purges[0].count == 2);
  rig.append(1, {0});
  rig.core->stop(rig.now);
  rig.run();
  CHECK(rig.core->finished());
}

TEST_CASE("safety: where it is not asked for, nothing is held") {
  CoreRig rig;
  rig.lane(1, 1);
  safety(rig, 1, "unsafe: min.insync.replicas");
  rig.append_fresh(1, {0});
  CHECK(rig.out() == "1/0/1");
  CHECK(rig.state(1) == "flowing");
  CHECK(rig.notes.empty());
}
