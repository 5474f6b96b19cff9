#include "audit/topic_reader.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id_headers.h"
#include "kafka/client.h"
#include "kafka/error_table.h"
#include "kafka/log_ends.h"
#include "kafka/metadata.h"
#include "kafka/properties.h"

namespace outbox::audit {
namespace {

using MessagePtr = std::unique_ptr<rd_kafka_message_t, kafka::Destroyer<rd_kafka_message_destroy>>;

constexpr std::size_t kMessagesPerTurn = 1'000;
constexpr int kTurnMs = 10;
constexpr std::int64_t kWakeEvery_ms = 20;
constexpr std::int64_t kWakeAfterTrouble_ms = 500;
constexpr std::chrono::milliseconds kAskAgain{200};
constexpr std::size_t kKilobyte = 1'024;
constexpr std::size_t kPrefetchKbytesMin = 64;
constexpr std::size_t kPrefetchMessagesMin = 1'000;
constexpr std::size_t kProgressEvery = 10'000;

Status failed(const std::string& what, rd_kafka_resp_err_t error) {
  return {Code::kKafka, what + ": " + std::string(kafka::error_text(error))};
}

/// One partition that is being read.
struct Source {
  std::int32_t id = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
  std::int64_t at = 0;  ///< next offset
  Seq reached = 0;      ///< highest number seen
  kafka::QueuePtr queue;

  bool finished() const { return at >= end; }
};

class Reading {
 public:
  Reading(kafka::Client client, std::string topic, TopicAudit& audit, const OnProgress& on_progress)
      : client_(std::move(client)),
        name_(std::move(topic)),
        audit_(audit),
        on_progress_(on_progress) {}

  ~Reading() {
    for (const Source& source : sources_) {
      if (source.queue) (void)rd_kafka_consume_stop(topic_.get(), source.id);
    }
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  Status run(const std::vector<std::int32_t>& partitions) {
    if (Status status = find_ends(partitions); !status.ok()) return status;
    if (Status status = start(); !status.ok()) return status;
    std::int64_t heard_ms = now_ms();
    while (Source* source = furthest_behind()) {
      drop_events();
      const auto taken = turn(*source);
      if (!taken.ok()) return taken.status();
      if (*taken) heard_ms = now_ms();
      if (!*taken) wake_broker_of(*source);
      if (now_ms() - heard_ms > kSilenceMs.count()) {
        return {Code::kTimeout, "partition " + std::to_string(source->id) + " of " + name_ +
                                    " gives nothing more at offset " + std::to_string(source->at) +
                                    " of " + std::to_string(source->end)};
      }
    }
    on_progress_(total_, total_);
    audit_.finish();
    return {};
  }

 private:
  /// A leader that has just died is replaced within seconds.
  Result<std::vector<std::int64_t>> ask(const std::vector<std::int32_t>& partitions,
                                        kafka::LogEnd which) const {
    const std::int64_t until_ms = now_ms() + kSilenceMs.count();
    while (true) {
      auto answer = kafka::log_ends(client_.handle.get(), name_, partitions, which, kQuestionMs);
      const bool again = answer.status().code() == Code::kTimeout && now_ms() < until_ms;
      if (!again) return answer;
      std::this_thread::sleep_for(kAskAgain);
    }
  }

  Status find_ends(const std::vector<std::int32_t>& partitions) {
    topic_.reset(rd_kafka_topic_new(client_.handle.get(), name_.c_str(), nullptr));
    const auto begins = ask(partitions, kafka::LogEnd::kBegin);
    if (!begins.ok()) return begins.status();
    const auto ends = ask(partitions, kafka::LogEnd::kEnd);
    if (!ends.ok()) return ends.status();
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      Source source;
      source.id = partitions[i];
      source.begin = (*begins)[i];
      source.end = (*ends)[i];
      source.at = source.begin;
      total_ += static_cast<std::uint64_t>(source.end - source.begin);
      audit_.begin(source.id, source.begin);
      sources_.push_back(std::move(source));
    }
    return {};
  }

  Status start() {
    for (Source& source : sources_) {
      if (source.finished()) continue;
      source.queue.reset(rd_kafka_queue_new(client_.handle.get()));
      if (rd_kafka_consume_start_queue(topic_.get(), source.id, source.begin, source.queue.get()) !=
          0) {
        return failed("cannot read partition " + std::to_string(source.id), rd_kafka_last_error());
      }
    }
    return {};
  }

  // So that ranges grow together. One that gives nothing for the moment is not waited for alone.
  Source* furthest_behind() {
    Source* out = nullptr;
    for (Source& source : sources_) {
      if (source.finished() || &source == empty_handed_) continue;
      if (out == nullptr || source.reached < out->reached) out = &source;
    }
    if (out == nullptr && empty_handed_ != nullptr && !empty_handed_->finished()) {
      out = empty_handed_;
    }
    return out;
  }

  // False: nothing came.
  Result<bool> turn(Source& source) {
    std::array<rd_kafka_message_t*, kMessagesPerTurn> raw{};
    const auto count =
        rd_kafka_consume_batch_queue(source.queue.get(), kTurnMs, raw.data(), raw.size());
    Status status;
    for (ssize_t i = 0; i < count; ++i) {
      const MessagePtr message(raw[static_cast<std::size_t>(i)]);
      if (status.ok()) status = take(source, *message);
    }
    empty_handed_ = count > 0 ? nullptr : &source;
    if (!status.ok()) return status;
    return count > 0;
  }

  // A broker's thread that found all its partitions' queues full sleeps for up to a second, though
  // they are empty long before (rdkafka_broker.c: rd_kafka_broker_consumer_serve). A question to
  // the broker wakes it; the answer does not matter.
  void wake_broker_of(const Source& source) {
    if (now_ms() < wake_at_ms_) return;
    const bool answered = kafka::log_ends(client_.handle.get(), name_, {source.id},
                                          kafka::LogEnd::kEnd, std::chrono::milliseconds(kTurnMs))
                              .ok();
    wake_at_ms_ = now_ms() + (answered ? kWakeEvery_ms : kWakeAfterTrouble_ms);
  }

  Status take(Source& source, rd_kafka_message_t& message) {
    // A log may end in what is no message: markers of transactions.
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      if (message.offset >= source.end) advance(source, source.end);
      return {};
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (kafka::action_for(message.err) == kafka::Action::kRetry) return {};
      return failed("partition " + std::to_string(source.id) + " of " + name_, message.err);
    }
    if (message.offset >= source.end) {
      advance(source, source.end);
      return {};
    }
    if (const auto id = id_of(message)) {
      audit_.take(source.id, *id);
      source.reached = std::max(source.reached, id->seq);
    } else {
      audit_.foreign();
    }
    advance(source, message.offset + 1);
    return {};
  }

  void advance(Source& source, std::int64_t to) {
    done_ += static_cast<std::uint64_t>(std::max<std::int64_t>(to - source.at, 0));
    source.at = std::max(source.at, to);
    if (++since_told_ < kProgressEvery) return;
    since_told_ = 0;
    on_progress_(done_, total_);
  }

  static std::optional<std::string_view> last(const rd_kafka_headers_t* headers, const char* name) {
    const void* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        value == nullptr) {
      return std::nullopt;
    }
    return std::string_view(static_cast<const char*>(value), size);
  }

  static std::optional<inbox::MessageId> id_of(const rd_kafka_message_t& message) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
    const auto id = last(headers, kIdHeader);
    const auto prev = last(headers, kPrevHeader);
    if (!id || !prev) return std::nullopt;
    return inbox::parse_message_id(*id, *prev);
  }

  // Errors of connections; silence is what counts.
  void drop_events() {
    while (kafka::EventPtr(rd_kafka_queue_poll(client_.events.get(), 0))) {
    }
  }

  static std::int64_t now_ms() { return SystemClock().mono_ms(); }

  const kafka::Client client_;
  const std::string name_;
  TopicAudit& audit_;
  const OnProgress& on_progress_;
  kafka::TopicPtr topic_;
  std::vector<Source> sources_;
  Source* empty_handed_ = nullptr;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
  std::size_t since_told_ = 0;
  std::int64_t wake_at_ms_ = 0;
};

Result<std::vector<std::int32_t>> partitions_of(rd_kafka_t* handle, const std::string& topic) {
  const kafka::TopicPtr asked(rd_kafka_topic_new(handle, topic.c_str(), nullptr));
  if (!asked) return Status(Code::kInvalidArgument, "no topic can be named " + topic);
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error =
      rd_kafka_metadata(handle, 0, asked.get(), &raw, static_cast<int>(kQuestionMs.count()));
  const kafka::MetadataPtr metadata(raw);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return failed("the cluster does not answer", error);
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
  return Reading(std::move(client).value(), topic, audit, on_progress).run(*partitions);
}

}  // namespace outbox::audit
