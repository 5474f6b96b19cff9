#include "bench_topics.h"

#include <algorithm>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string_view>
#include <thread>

#include "measure.h"
#include "raw_kafka.h"

namespace outbox::bench {
namespace {

constexpr int kAnswerMaxMs = 60'000;
constexpr std::chrono::milliseconds kLook{20};
// A log's files go so soon after its topic: the next run has the space.
constexpr const char* kDeleteDelayMs = "1000";

using NewTopicPtr =
    std::unique_ptr<rd_kafka_NewTopic_t, kafka::Destroyer<rd_kafka_NewTopic_destroy>>;
using DeleteTopicPtr =
    std::unique_ptr<rd_kafka_DeleteTopic_t, kafka::Destroyer<rd_kafka_DeleteTopic_destroy>>;

NewTopicPtr new_topic(const std::string& name, std::int32_t partitions) {
  char text[256] = "";
  NewTopicPtr topic(rd_kafka_NewTopic_new(name.c_str(), partitions, -1, text, sizeof text));
  if (!topic) die(text);
  rd_kafka_NewTopic_set_config(topic.get(), "file.delete.delay.ms", kDeleteDelayMs);
  return topic;
}

std::size_t size_of(int count) { return static_cast<std::size_t>(count); }

template <typename Pointers>
auto raw_pointers(const Pointers& owners) {
  std::vector<typename Pointers::value_type::pointer> all;
  for (const auto& owner : owners) all.push_back(owner.get());
  return all;
}

bool have_leaders(rd_kafka_t* client, const std::vector<std::string>& topics, std::int32_t count) {
  const struct rd_kafka_metadata* metadata = nullptr;
  const auto error = rd_kafka_metadata(client, 1, nullptr, &metadata, kAnswerMaxMs);
  if (error != 0) die("cannot ask for metadata: " + std::string(rd_kafka_err2str(error)));
  const std::set<std::string_view> ours(topics.begin(), topics.end());
  std::size_t ready = 0;
  for (const auto& topic : std::span(metadata->topics, size_of(metadata->topic_cnt))) {
    const std::span partitions(topic.partitions, size_of(topic.partition_cnt));
    const bool led = std::all_of(partitions.begin(), partitions.end(),
                                 [](const auto& partition) { return partition.leader >= 0; });
    if (ours.contains(topic.topic) && topic.partition_cnt == count && led) ++ready;
  }
  rd_kafka_metadata_destroy(metadata);
  return ready == topics.size();
}

}  // namespace

void wait_for_leaders(rd_kafka_t* client, const std::vector<std::string>& topics,
                      std::int32_t partitions) {
  const StopWatch watch;
  while (!have_leaders(client, topics, partitions)) {
    if (watch.seconds() * 1'000 > kAnswerMaxMs) die("new topics get no leaders");
    std::this_thread::sleep_for(kLook);
  }
}

kafka::Client client_of(const RelayOptions& options) {
  return value_of(
      kafka::make_client(value_of(kafka::producer_properties(options, kafka::Role::kMain))));
}

BenchTopics::BenchTopics(const RelayOptions& options, const std::string& prefix, int count,
                         std::int32_t partitions)
    : client_(client_of(options)), partitions_(partitions) {
  std::random_device device;
  const std::string unique = prefix + "-" + std::to_string(device()) + "-";
  for (int i = 0; i < count; ++i) names_.push_back(unique + std::to_string(i));
  create();
  // One message to each partition: logs are open from then on.
  RelayOptions one_each = options;
  one_each.keyless_block_entries = 1;
  RawProducer warm(one_each, names_, partitions_);
  warm.wait_for_leaders();
  Values one("x", 1);
  warm.produce_all(one, names_.size() * static_cast<std::uint64_t>(partitions_));
}

void BenchTopics::create() const {
  std::vector<NewTopicPtr> wanted;
  for (const std::string& name : names_) wanted.push_back(new_topic(name, partitions_));
  auto pointers = raw_pointers(wanted);
  const kafka::QueuePtr queue(rd_kafka_queue_new(client_.handle.get()));
  rd_kafka_CreateTopics(client_.handle.get(), pointers.data(), pointers.size(), nullptr,
                        queue.get());
  const kafka::EventPtr event(rd_kafka_queue_poll(queue.get(), kAnswerMaxMs));
  if (!event) die("the brokers do not answer");
  if (rd_kafka_event_error(event.get()) != 0) die(rd_kafka_event_error_string(event.get()));
  std::size_t count = 0;
  const auto** topics =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_topic_result_error(topics[i]) == 0) continue;
    die("cannot create " + std::string(rd_kafka_topic_result_name(topics[i])) + ": " +
        rd_kafka_topic_result_error_string(topics[i]));
  }
}

std::uint64_t BenchTopics::messages() const {
  std::uint64_t count = 0;
  for (const std::string& name : names_) {
    for (std::int32_t partition = 0; partition < partitions_; ++partition) {
      std::int64_t low = 0;
      std::int64_t high = 0;
      const auto error = rd_kafka_query_watermark_offsets(client_.handle.get(), name.c_str(),
                                                          partition, &low, &high, kAnswerMaxMs);
      if (error != 0) die("cannot ask for offsets: " + std::string(rd_kafka_err2str(error)));
      count += static_cast<std::uint64_t>(high - low);
    }
  }
  return count;
}

BenchTopics::~BenchTopics() {
  std::vector<DeleteTopicPtr> unwanted;
  for (const std::string& name : names_) {
    unwanted.emplace_back(rd_kafka_DeleteTopic_new(name.c_str()));
  }
  auto pointers = raw_pointers(unwanted);
  const kafka::QueuePtr queue(rd_kafka_queue_new(client_.handle.get()));
  rd_kafka_DeleteTopics(client_.handle.get(), pointers.data(), pointers.size(), nullptr,
                        queue.get());
  const kafka::EventPtr event(rd_kafka_queue_poll(queue.get(), kAnswerMaxMs));
}

}  // namespace outbox::bench
