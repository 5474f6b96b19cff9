#include "audit/topic_reader.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "audit/topic_reading.h"
#include "kafka/client.h"
#include "kafka/error_table.h"
#include "kafka/metadata.h"
#include "kafka/properties.h"

namespace outbox::audit {
namespace {

constexpr std::size_t kKilobyte = 1'024;
constexpr std::size_t kPrefetchKbytesMin = 64;
constexpr std::size_t kPrefetchMessagesMin = 1'000;

Result<std::vector<std::int32_t>> partitions_of(rd_kafka_t* handle, const std::string& topic) {
  const kafka::TopicPtr asked(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  if (!asked) return Status(Code::kInvalidArgument, "no topic can be named " + topic);
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error =
      rd_kafka_metadata(handle, 0, asked.get(), &raw, static_cast<int>(kQuestionMs.count()));
  const kafka::MetadataPtr metadata(raw);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return kafka::failed("the cluster does not answer", error);
  kafka::TopicFacts facts;
  if (metadata->topic_cnt == 1) facts = kafka::facts_of(metadata->topics[0]);
  if (facts.partitions.empty()) {
    return Status(Code::kNotFound, "the topic " + topic + " cannot be read" +
                                       (facts.trouble.empty() ? "" : ": " + facts.trouble));
  }
  std::vector<std::int32_t> out;
  out.reserve(facts.partitions.size());
  for (const kafka::PartitionFacts& partition : facts.partitions) out.push_back(partition.id);
  return out;
}

/// With a queue for each partition librdkafka's bounds hold for each of them.
void add_consumer(kafka::Properties& properties, std::size_t partitions) {
  const std::size_t kbytes = std::max(kPrefetchBytes / kKilobyte / partitions, kPrefetchKbytesMin);
  const std::size_t messages = std::max(kPrefetchMessages / partitions, kPrefetchMessagesMin);
  const kafka::Properties ours{
      {"enable.partition.eof", "true"},         // a log may end in what is no message
      {"check.crcs", "true"},                   // what is on the brokers' disks counts
      {"auto.offset.reset", "error"},           // what is removed meanwhile is said
      {"isolation.level", "read_uncommitted"},  // all that is there
      {"fetch.wait.max.ms", "100"},
      {"queued.min.messages", std::to_string(messages)},
      {"queued.max.messages.kbytes", std::to_string(kbytes)}};
  properties.insert(properties.end(), ours.begin(), ours.end());
}

}  // namespace

Status read_topic(const RelayOptions& options, const std::string& topic, TopicAudit& audit,
                  const OnProgress& on_progress) {
  auto properties = kafka::producer_properties(options, kafka::Role::kObserver);
  if (!properties.ok()) return properties.status();
  // The bound of the reading client depends on what the asking one is told.
  auto asking = kafka::make_client(*properties, RD_KAFKA_CONSUMER);
  if (!asking.ok()) return asking.status();
  const auto partitions = partitions_of(asking->handle.get(), topic);
  if (!partitions.ok()) return partitions.status();
  add_consumer(*properties, partitions->size());
  auto client = kafka::make_client(*properties, RD_KAFKA_CONSUMER);
  if (!client.ok()) return client.status();
  return TopicReading(std::move(client).value(), topic, audit, on_progress).run(*partitions);
}

}  // namespace outbox::audit
