#include "kafka/observer.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "mock/mock_cluster.h"
#include "support/wait.h"

namespace outbox::kafka {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 20s;
/// Longer than the observer waits for its first answer.
constexpr auto kSlow = 3500ms;
constexpr auto kSlowPatience = 90s;

TEST_CASE("the observer tells partitions, leaders and moves, and that the cluster is gone") {
  test::MockCluster cluster;
  cluster.create_topic("orders", 3);
  cluster.set_leader("orders", 0, 1);
  std::atomic<int> news{0};
  RelayOptions options;
  options.bootstrap_servers = cluster.bootstrap_servers();
  auto observer = make_observer(options, [&] { ++news; });
  REQUIRE(observer.ok());
  (*observer)->watch({"orders"});
  Observed seen;
  const auto state = [&]() -> const TopicState* {
    (void)(*observer)->take(seen);
    return seen.topics.empty() ? nullptr : &seen.topics.front();
  };
  REQUIRE(test::wait_until([&] { return state() != nullptr; }, kPatience));
  CHECK(seen.connected);
  CHECK(seen.topics.front().error == 0);
  CHECK(seen.topics.front().leaders.size() == 3);
  CHECK(seen.topics.front().leaders[0] == 1);
  CHECK(news > 0);

  cluster.set_leader("orders", 0, 2);
  (*observer)->refresh_soon();
  CHECK(
      test::wait_until([&] { return state() != nullptr && state()->leaders[0] == 2; }, kPatience));
  cluster.set_leader("orders", 0, -1);
  (*observer)->refresh_soon();
  CHECK(
      test::wait_until([&] { return state() != nullptr && state()->leaders[0] == -1; }, kPatience));

  cluster.set_all(false);
  (*observer)->refresh_soon();
  CHECK(test::wait_until([&] { return (*observer)->take(seen) && !seen.connected; }, kPatience));
  CHECK_FALSE(seen.trouble.empty());
}

TEST_CASE("the observer learns to wait for answers that take long") {
  test::MockCluster cluster(1);
  cluster.create_topic("orders", 3);
  cluster.set_rtt(kSlow);
  RelayOptions options;
  options.bootstrap_servers = cluster.bootstrap_servers();
  auto observer = make_observer(options, [] {});
  REQUIRE(observer.ok());
  (*observer)->watch({"orders"});
  Observed seen;
  CHECK(test::wait_until([&] { return (*observer)->take(seen) && !seen.topics.empty(); },
                         kSlowPatience));
}

}  // namespace
}  // namespace outbox::kafka
