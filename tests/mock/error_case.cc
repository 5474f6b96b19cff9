#include "mock/error_case.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

namespace outbox::test {
namespace {

constexpr std::size_t kDeadMax = 1'000;
constexpr std::chrono::milliseconds kNow{0};
// The answer after which the relay makes a new producer.
constexpr rd_kafka_resp_err_t kEndsProducer = RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;

void hurry(RelayOptions& options) {
  options.stall_backoff_min_ms = std::chrono::milliseconds(20);
  options.stall_backoff_max_ms = std::chrono::milliseconds(100);
  options.unknown_topic_grace_ms = std::chrono::milliseconds(500);
  options.linger_ms = std::chrono::milliseconds(0);
}

void add(std::map<std::string, std::uint64_t>& to, const std::map<std::string, std::uint64_t>& more,
         const std::map<std::string, std::uint64_t>& less) {
  for (const auto& [reason, count] : more) {
    const auto before = less.find(reason);
    const std::uint64_t grown = count - (before == less.end() ? 0 : before->second);
    if (grown > 0) to[reason] += grown;
  }
}

void see_state(Cell& cell, const RelayStats& stats) {
  const auto state = stats.lane_states.find(cell.name());
  if (state == stats.lane_states.end()) return;
  cell.states.insert(state->second);
  INFO(cell.name());
  const std::string wrong = misfit(cell);
  REQUIRE(wrong == "");
}

std::vector<std::string> reasons_of(const std::vector<DeadLetter>& letters) {
  std::vector<std::string> out;
  for (const DeadLetter& letter : letters) out.push_back(letter.reason);
  return out;
}

}  // namespace

ErrorCase::ErrorCase() {
  hurry(rig_.options());
  rig_.cluster().create_topic(kWell, 1);
}

void ErrorCase::add_topic(const std::string& topic) {
  topics_.insert_or_assign(topic, 1);
  rig_.cluster().create_topic(topic, 1);
}

void ErrorCase::append(const std::vector<std::string>& topics, int from, int to) {
  std::vector<Message> messages;
  for (const std::string& topic : topics) {
    for (int i = from; i < to; ++i) {
      messages.push_back({});
      messages.back().topic = topic;
      messages.back().value = std::to_string(i);
    }
  }
  const auto appended = rig_.outbox().append_batch(messages);
  INFO(appended.status().to_string());
  REQUIRE(appended.ok());
}

bool ErrorCase::drained() {
  const auto stats = rig_.outbox().stats();
  REQUIRE(stats.ok());
  if (stats->ledger.pending > 0) return false;
  CHECK(stats->ledger.balanced());
  return true;
}

void ErrorCase::fall_ill(Cell& cell) {
  MockCluster& cluster = rig_.cluster();
  const auto code = static_cast<rd_kafka_resp_err_t>(cell.row.code);
  rebuilds_before_ = rebuilds();
  rebuilds_of_stopped_.clear();
  asked_before_ = cluster.requests(cell.kind);
  const auto times = static_cast<std::size_t>(cell.times);
  cell.lasts() ? cluster.fail(cell.kind, code, times)
               : cluster.fail_at_first(cell.kind, code, times);
  // An id is asked for by a new producer.
  if (cell.kind != Request::kInitProducerId) return;
  cluster.fail_at_first(Request::kProduce, kEndsProducer, 1);
}

void ErrorCase::look(Cell& cell) {
  const RelayStats stats = rig_.relay().stats();
  see_state(cell, stats);
  cell.rebuilds = rebuilds_of_stopped_;
  add(cell.rebuilds, stats.rebuilds, rebuilds_before_);
  if (cell.kind == Request::kInitProducerId && cell.rebuilds.contains("error")) {
    if (--cell.rebuilds.at("error") == 0) cell.rebuilds.erase("error");
  }
  const auto times = static_cast<std::size_t>(cell.times);
  cell.answers = cell.lasts() ? std::min(rig_.cluster().requests(cell.kind) - asked_before_, times)
                              : times - rig_.cluster().left_at_first(cell.kind);
  cell.dead = reasons_of(dead(cell.name()));
}

void ErrorCase::look_at_topics(std::vector<Cell>& cells) {
  const RelayStats stats = rig_.relay().stats();
  // The one that told of the errors came before.
  const std::size_t answers =
      counting_ ? 1 + rig_.cluster().requests(Request::kMetadata) - asked_before_ : 0;
  for (Cell& cell : cells) {
    see_state(cell, stats);
    cell.rebuilds = stats.rebuilds;
    cell.answers = std::min(answers, static_cast<std::size_t>(cell.times));
  }
}

void ErrorCase::count_answers() {
  asked_before_ = rig_.cluster().requests(Request::kMetadata);
  counting_ = true;
}

void ErrorCase::heal(const Cell& cell) {
  INFO(cell.name());
  CHECK(rig_.lane(cell.name()).ledger.delivered == 0);
  rig_.cluster().clear_failures(cell.kind);
}

bool ErrorCase::relay_stopped() {
  return rig_.relay().stats().lane_states.at(kWell).starts_with("stopped");
}

void ErrorCase::start_again() {
  add(rebuilds_of_stopped_, rebuilds(), rebuilds_before_);
  rebuilds_before_.clear();
  rig_.stop();
  rig_.start();
}

void ErrorCase::check(Cell& cell) {
  INFO(cell.name());
  cell.dead = reasons_of(dead(cell.name()));
  const std::string wrong = complaint(cell);
  CHECK(wrong == "");
}

std::vector<DeadLetter> ErrorCase::dead(const std::string& topic) {
  const auto letters = rig_.outbox().dead_letters(topic, 0, kDeadMax);
  REQUIRE(letters.ok());
  return *letters;
}

void ErrorCase::begin_reading() {
  consumer_ = std::make_unique<Consumer>(rig_.cluster().bootstrap_servers(), topics_);
}

bool ErrorCase::all_read() {
  while (consumer_->read_one(kNow)) {
  }
  std::size_t wanted = topics_.size() * kEntries;
  for (const auto& [topic, partitions] : topics_) wanted -= dead(topic).size();
  return consumer_->all().size() >= wanted;
}

Counts ErrorCase::count(const std::string& topic) {
  Counts counts;
  counts.entries = kEntries;
  std::set<std::string> gone;
  for (const DeadLetter& letter : dead(topic)) gone.insert(*letter.entry.message.value);
  std::set<std::string> seen;
  int last = -1;
  for (const std::string& value : values_in(consumer_->all(), topic, 0)) {
    if (gone.contains(value)) ++counts.other;
    if (!seen.insert(value).second) {
      ++counts.resent;
      continue;
    }
    if (std::stoi(value) <= last) ++counts.reordered;
    last = std::stoi(value);
  }
  for (int i = 0; i < kEntries; ++i) {
    const std::string value = std::to_string(i);
    if (!seen.contains(value) && !gone.contains(value)) ++counts.lost;
  }
  return counts;
}

void ErrorCase::begin_stop() {
  stop_ = std::async(std::launch::async, [this] {
    consumer_.reset();
    return rig_.relay().stop(kPatience);
  });
}

bool ErrorCase::stopped() const { return stop_.wait_for(kNow) == std::future_status::ready; }

void ErrorCase::check_stop() { CHECK(stop_.get().ok()); }

}  // namespace outbox::test
