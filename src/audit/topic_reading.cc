#include "audit/topic_reading.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/id_headers.h"
#include "kafka/error_table.h"

namespace outbox::audit {
namespace {

using MessagePtr = std::unique_ptr<rd_kafka_message_t, kafka::Destroyer<rd_kafka_message_destroy>>;

constexpr std::size_t kMessagesPerTurn = 1'000;
constexpr int kTurnMs = 10;
constexpr std::int64_t kWakeEvery_ms = 20;
constexpr std::int64_t kWakeAfterTrouble_ms = 500;
constexpr std::chrono::milliseconds kAskAgain{200};
constexpr std::size_t kProgressEvery = 10'000;

std::int64_t now_ms() { return SystemClock().mono_ms(); }

std::optional<std::string_view> last(const rd_kafka_headers_t* headers, const char* name) {
  const void* value = nullptr;
  std::size_t size = 0;
  if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      value == nullptr) {
    return std::nullopt;
  }
  return std::string_view(static_cast<const char*>(value), size);
}

std::optional<inbox::MessageId> id_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  const auto id = last(headers, kIdHeader);
  const auto prev = last(headers, kPrevHeader);
  if (!id || !prev) return std::nullopt;
  return inbox::parse_message_id(*id, *prev);
}

}  // namespace

TopicReading::TopicReading(kafka::Client client, std::string topic, TopicAudit& audit,
                           const OnProgress& on_progress)
    : client_(std::move(client)),
      name_(std::move(topic)),
      audit_(audit),
      on_progress_(on_progress) {}

TopicReading::~TopicReading() {
  for (const Source& source : sources_) {
    if (source.queue) (void)rd_kafka_consume_stop(topic_.get(), source.id);
  }
}

Status TopicReading::run(const std::vector<std::int32_t>& partitions) {
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

/// A leader that has just died is replaced within seconds.
Result<std::vector<std::int64_t>> TopicReading::ask(const std::vector<std::int32_t>& partitions,
                                                    kafka::LogEnd which) const {
  const std::int64_t until_ms = now_ms() + kSilenceMs.count();
  while (true) {
    auto answer = kafka::log_ends(client_.handle.get(), name_, partitions, which, kQuestionMs);
    const bool again = answer.status().code() == Code::kTimeout && now_ms() < until_ms;
    if (!again) return answer;
    std::this_thread::sleep_for(kAskAgain);
  }
}

Status TopicReading::find_ends(const std::vector<std::int32_t>& partitions) {
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

Status TopicReading::start() {
  for (Source& source : sources_) {
    if (source.finished()) continue;
    source.queue.reset(rd_kafka_queue_new(client_.handle.get()));
    if (rd_kafka_consume_start_queue(topic_.get(), source.id, source.begin, source.queue.get()) !=
        0) {
      return kafka::failed("cannot read partition " + std::to_string(source.id),
                           rd_kafka_last_error());
    }
  }
  return {};
}

/// So that ranges grow together. One that gives nothing for the moment is not waited for alone.
TopicReading::Source* TopicReading::furthest_behind() {
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

/// False: nothing came.
Result<bool> TopicReading::turn(Source& source) {
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

/// A broker's thread that found all its partitions' queues full sleeps for up to a second, though
/// they are empty long before (rdkafka_broker.c: rd_kafka_broker_consumer_serve). A question to
/// the broker wakes it; the answer does not matter.
void TopicReading::wake_broker_of(const Source& source) {
  if (now_ms() < wake_at_ms_) return;
  const bool answered = kafka::log_ends(client_.handle.get(), name_, {source.id},
                                        kafka::LogEnd::kEnd, std::chrono::milliseconds(kTurnMs))
                            .ok();
  wake_at_ms_ = now_ms() + (answered ? kWakeEvery_ms : kWakeAfterTrouble_ms);
}

Status TopicReading::take(Source& source, rd_kafka_message_t& message) {
  // A log may end in what is no message: markers of transactions.
  if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (message.offset >= source.end) advance(source, source.end);
    return {};
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (kafka::action_for(message.err) == kafka::Action::kRetry) return {};
    return kafka::failed("partition " + std::to_string(source.id) + " of " + name_, message.err);
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

void TopicReading::advance(Source& source, std::int64_t to) {
  done_ += static_cast<std::uint64_t>(std::max<std::int64_t>(to - source.at, 0));
  source.at = std::max(source.at, to);
  if (++since_told_ < kProgressEvery) return;
  since_told_ = 0;
  on_progress_(done_, total_);
}

/// Errors of connections; silence is what counts.
void TopicReading::drop_events() {
  while (kafka::EventPtr(rd_kafka_queue_poll(client_.events.get(), 0))) {
  }
}

}  // namespace outbox::audit
