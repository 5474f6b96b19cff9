// Every error code that a broker can answer a produce request with, once, five times, and until
// healed: what becomes of the entries is what the error table says, and nothing stays stuck. The
// mock cluster checks no sequence numbers: duplicates are not judged here.
#include <librdkafka/rdkafka.h>

#include <catch2/catch.hpp>
#include <memory>
#include <set>

#include "kafka/error_table.h"
#include "mock/relay_rig.h"
#include "support/campaign.h"
#include "support/wait.h"

namespace outbox::test {
namespace {

constexpr int kEntries = 12;
constexpr std::size_t kUntilHealed = 1'000'000;
constexpr std::size_t kTimes[] = {1, 5, kUntilHealed};
constexpr std::size_t kErrorsQueued = 200;
constexpr std::size_t kDeadMax = 1'000;
/// Most of the time all of them wait.
constexpr std::size_t kSideBySide = 33;
constexpr std::chrono::milliseconds kShows_ms{300};

std::vector<kafka::ErrorRow> broker_rows() {
  std::vector<kafka::ErrorRow> rows;
  for (const kafka::ErrorRow& row : kafka::error_rows()) {
    if (row.code > 0) rows.push_back(row);
  }
  return rows;
}

void hurry(RelayOptions& options) {
  options.stall_backoff_min_ms = std::chrono::milliseconds(20);
  options.stall_backoff_max_ms = std::chrono::milliseconds(100);
  options.linger_ms = std::chrono::milliseconds(0);
}

std::string topic_of(std::size_t times) {
  return times == kUntilHealed ? "until-healed" : "times-" + std::to_string(times);
}

/// Did the errors reach anybody? They may be librdkafka's own to retry, which shows nowhere.
bool shows(RelayRig& rig, const std::string& topic) {
  const RelayStats stats = rig.relay().stats();
  const auto state = stats.lane_states.find(topic);
  return !stats.rebuilds.empty() || rig.lane(topic).ledger.dead > 0 ||
         (state != stats.lane_states.end() && state->second != "flowing");
}

/// Delivered and dead together are what was appended; what was delivered came in order.
Counts judge(RelayRig& rig, Consumer& consumer, const std::string& topic, bool may_die) {
  Counts counts;
  counts.entries = kEntries;
  std::set<std::string> dead;
  const auto letters = rig.outbox().dead_letters(topic, kDeadMax);
  REQUIRE(letters.ok());
  for (const DeadLetter& letter : *letters) dead.insert(*letter.entry.message.value);
  if (!may_die) counts.other += dead.size();
  std::set<std::string> seen;
  int last = -1;
  for (const std::string& value : values_in(consumer.all(), topic, 0)) {
    if (!seen.insert(value).second) {
      ++counts.resent;
      continue;
    }
    if (std::stoi(value) <= last) ++counts.reordered;
    last = std::stoi(value);
  }
  for (int i = 0; i < kEntries; ++i) {
    const std::string value = std::to_string(i);
    if (!seen.contains(value) && !dead.contains(value)) ++counts.lost;
  }
  return counts;
}

/// One code, its relay and its brokers; the topics are the cells.
struct Case {
  explicit Case(const kafka::ErrorRow& of) : row(of) {
    hurry(rig.options());
    for (const std::size_t times : kTimes) {
      topics[topic_of(times)] = 1;
      rig.cluster().create_topic(topic_of(times), 1);
    }
    rig.start();
  }

  void fall_ill(std::size_t times) {
    rig.cluster().fail_produce(static_cast<rd_kafka_resp_err_t>(row.code),
                               std::min(times, kErrorsQueued));
    for (int i = 0; i < kEntries; ++i) rig.append(topic_of(times), std::to_string(i));
  }

  /// A relay that was told to stop is started again once the brokers are well.
  void heal(std::size_t times) {
    const bool stops = row.action == kafka::Action::kStop;
    if (times == kUntilHealed || stops) {
      (void)wait_until([&] { return shows(rig, topic_of(times)); }, kShows_ms);
      rig.cluster().clear_failures();
    }
    if (!stops) return;
    rig.stop();
    rig.start();
  }

  /// Of all cases before the first is judged: a consumer takes a second to begin.
  void begin_reading() {
    consumer = std::make_unique<Consumer>(rig.cluster().bootstrap_servers(), topics);
  }

  void judge_all(Campaign& campaign) {
    INFO(row.name);
    std::size_t dead = 0;
    for (const auto& [topic, partitions] : topics) dead += rig.lane(topic).ledger.dead;
    (void)consumer->read_until(topics.size() * kEntries - dead, kPatience);
    for (const auto& [topic, partitions] : topics) {
      INFO(topic);
      const Counts counts = judge(rig, *consumer, topic, row.action == kafka::Action::kVerdict);
      (void)campaign.next();
      campaign.add(counts);
      CHECK(counts.wrong() == 0);
    }
  }

  const kafka::ErrorRow row;
  std::map<std::string, int> topics;
  RelayRig rig;
  std::unique_ptr<Consumer> consumer;
};

}  // namespace

TEST_CASE("error matrix: every code, once, five times, until healed") {
  const std::vector<kafka::ErrorRow> rows = broker_rows();
  REQUIRE(rows.size() > 80);
  Campaign campaign("error-matrix", rows.size() * std::size(kTimes));
  for (std::size_t first = 0; first < rows.size(); first += kSideBySide) {
    std::vector<std::unique_ptr<Case>> cases;
    for (std::size_t i = first; i < std::min(first + kSideBySide, rows.size()); ++i) {
      cases.push_back(std::make_unique<Case>(rows[i]));
    }
    for (const std::size_t times : kTimes) {
      INFO(topic_of(times));
      for (const auto& one : cases) one->fall_ill(times);
      for (const auto& one : cases) one->heal(times);
      for (const auto& one : cases) {
        INFO(one->row.name);
        one->rig.drain();
      }
    }
    for (const auto& one : cases) one->begin_reading();
    for (const auto& one : cases) one->judge_all(campaign);
  }
}

}  // namespace outbox::test
