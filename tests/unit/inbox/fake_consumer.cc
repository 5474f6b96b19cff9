#include "unit/inbox/fake_consumer.h"

#include <algorithm>
#include <utility>

namespace outbox::inbox::test {

using kafka::ConsumerEvent;
using kafka::PartitionOffset;
using kafka::TopicPartition;

namespace {

Status unreachable() { return {Code::kKafka, "the brokers are down"}; }

}  // namespace

std::int64_t FakeKafka::append(const TopicPartition& where, const std::string& key,
                               const std::string& value, std::vector<Header> headers) {
  const std::lock_guard lock(mutex);
  Partition& partition = partitions[where];
  Received received;
  received.offset = partition.high++;
  received.message.topic = where.topic;
  received.message.partition = where.partition;
  received.message.key = key;
  received.message.value = value;
  received.message.headers = std::move(headers);
  partition.log.push_back(std::move(received));
  changed.notify_all();
  return partition.high - 1;
}

void FakeKafka::rebalance(ConsumerEvent event) {
  const std::lock_guard lock(mutex);
  events.push_back(std::move(event));
  changed.notify_all();
}

std::int64_t FakeKafka::committed(const TopicPartition& where) {
  const std::lock_guard lock(mutex);
  return partitions[where].committed.offset;
}

bool FakeKafka::assigned(const TopicPartition& where) {
  const std::lock_guard lock(mutex);
  return partitions[where].assigned;
}

bool FakeKafka::paused(const TopicPartition& where) {
  const std::lock_guard lock(mutex);
  return partitions[where].paused;
}

std::uint64_t FakeKafka::count_commits() {
  const std::lock_guard lock(mutex);
  return commits;
}

// A process that ends takes its assignment with it.
FakeConsumer::~FakeConsumer() {
  const std::lock_guard lock(kafka_.mutex);
  for (auto& [where, partition] : kafka_.partitions) partition.assigned = partition.paused = false;
  kafka_.events.clear();
}

Status FakeConsumer::subscribe(const std::vector<std::string>& topics) {
  const std::lock_guard lock(kafka_.mutex);
  kafka::Assigned all;
  for (const auto& [where, partition] : kafka_.partitions) {
    if (std::count(topics.begin(), topics.end(), where.topic) > 0) all.partitions.push_back(where);
  }
  kafka_.events.emplace_back(std::move(all));
  return {};
}

void FakeConsumer::poll(std::vector<ConsumerEvent>& into, const kafka::PollLimits& limits,
                        std::chrono::milliseconds timeout) {
  std::unique_lock lock(kafka_.mutex);
  ++kafka_.polls;
  kafka_.changed.wait_for(lock, std::min(timeout, std::chrono::milliseconds(5)),
                          [&] { return !kafka_.events.empty() || fetch(into, limits); });
  for (ConsumerEvent& event : kafka_.events) into.push_back(std::move(event));
  kafka_.events.clear();
}

bool FakeConsumer::fetch(std::vector<ConsumerEvent>& into, const kafka::PollLimits& limits) {
  bool any = false;
  for (auto& [where, partition] : kafka_.partitions) {
    if (!partition.assigned || partition.paused || partition.next < 0) continue;
    if (partition.next < partition.low || partition.next > partition.high) {
      into.emplace_back(kafka::NotThere{where});
      partition.next = -1;  // as librdkafka: nothing more until it is moved
      any = true;
      continue;
    }
    for (const Received& received : partition.log) {
      if (into.size() >= limits.events_max) break;
      if (received.offset < partition.next) continue;
      into.emplace_back(received);
      partition.next = received.offset + 1;
      any = true;
    }
  }
  return any;
}

Status FakeConsumer::assign(const std::vector<PartitionOffset>& starts) {
  const std::lock_guard lock(kafka_.mutex);
  for (const PartitionOffset& start : starts) {
    auto& partition = kafka_.partitions[start.where];
    partition.assigned = true;
    partition.next = start.offset;  // what was paused is so still, as in librdkafka
  }
  return {};
}

Status FakeConsumer::unassign(const std::vector<TopicPartition>& partitions) {
  const std::lock_guard lock(kafka_.mutex);
  for (const TopicPartition& where : partitions) kafka_.partitions[where].assigned = false;
  return {};
}

Status FakeConsumer::pause(const std::vector<TopicPartition>& partitions) {
  const std::lock_guard lock(kafka_.mutex);
  for (const TopicPartition& where : partitions) kafka_.partitions[where].paused = true;
  return {};
}

Status FakeConsumer::resume(const std::vector<TopicPartition>& partitions) {
  const std::lock_guard lock(kafka_.mutex);
  for (const TopicPartition& where : partitions) kafka_.partitions[where].paused = false;
  return {};
}

Status FakeConsumer::seek(const PartitionOffset& to) {
  const std::lock_guard lock(kafka_.mutex);
  kafka_.partitions[to.where].next = to.offset;
  return {};
}

Result<std::vector<PartitionOffset>> FakeConsumer::committed(
    const std::vector<TopicPartition>& partitions, std::chrono::milliseconds /*timeout*/) {
  const std::lock_guard lock(kafka_.mutex);
  if (kafka_.down) return unreachable();
  std::vector<PartitionOffset> out;
  for (const TopicPartition& where : partitions) {
    out.push_back(kafka_.partitions[where].committed);
    out.back().where = where;
  }
  return out;
}

Result<kafka::Ends> FakeConsumer::ends(const TopicPartition& where,
                                       std::chrono::milliseconds /*timeout*/) {
  const std::lock_guard lock(kafka_.mutex);
  if (kafka_.down) return unreachable();
  if (kafka_.electing) return Status(Code::kTimeout, "no leader");
  return kafka::Ends{kafka_.partitions[where].low, kafka_.partitions[where].high};
}

Status FakeConsumer::commit(const std::vector<PartitionOffset>& offsets) {
  const std::lock_guard lock(kafka_.mutex);
  if (kafka_.down || kafka_.refuses_commits) return unreachable();
  ++kafka_.commits;
  for (const PartitionOffset& at : offsets) kafka_.partitions[at.where].committed = at;
  kafka_.changed.notify_all();
  return {};
}

void FakeConsumer::commit_async(const std::vector<PartitionOffset>& offsets) {
  const Status status = commit(offsets);
  const std::lock_guard lock(kafka_.mutex);
  kafka_.events.emplace_back(kafka::CommitResult{offsets, status.ok() ? 0 : -1});
}

}  // namespace outbox::inbox::test
