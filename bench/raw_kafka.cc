#include "raw_kafka.h"

#include <algorithm>
#include <charconv>
#include <random>

#include "base/placement.h"
#include "bench_topics.h"
#include "measure.h"

namespace outbox::bench {
namespace {

constexpr std::chrono::minutes kReportMax{1};
constexpr std::uint64_t kPollEvery = 1'024;
// As long as the relay's, and another one for each producer: numbers begin anew with it.
constexpr const char* kOutboxId = "0123abcd.";
constexpr std::uint64_t kSessionLow = 0x18f'0000'0000;
constexpr std::uint64_t kSessionHigh = 0x18f'ffff'ffff;

std::string new_session() {
  std::random_device device;
  const auto session =
      std::uniform_int_distribution<std::uint64_t>(kSessionLow, kSessionHigh)(device);
  char hex[24];
  return kOutboxId + std::string(hex, std::to_chars(hex, hex + sizeof hex, session, 16).ptr) + "/";
}

rd_kafka_vu_t header(const char* name, const char* value, std::size_t size) {
  rd_kafka_vu_t out;
  out.vtype = RD_KAFKA_VTYPE_HEADER;
  out.u.header.name = name;
  out.u.header.val = value;
  out.u.header.size = static_cast<std::int64_t>(size);
  return out;
}

}  // namespace

RawProducer::RawProducer(const RelayOptions& options, const std::vector<std::string>& topics,
                         std::int32_t partitions)
    : options_(options),
      topics_(topics),
      partitions_(partitions),
      session_(new_session()),
      client_(client_of(options)) {
  for (const std::string& topic : topics) {
    lanes_.push_back(
        {kafka::TopicPtr(rd_kafka_topic_new(client_.handle.get(), topic.c_str(), nullptr)),
         std::vector<std::uint64_t>(static_cast<std::size_t>(partitions), 0)});
  }
}

void RawProducer::wait_for_leaders() const {
  bench::wait_for_leaders(client_.handle.get(), topics_, partitions_);
}

std::uint64_t RawProducer::produce_from(
    const std::function<std::optional<std::string_view>()>& next, Copy copy) {
  const std::uint64_t before = produced_;
  while (const std::optional<std::string_view> value = next()) {
    while (!within_budget()) must_take_reports();
    produce(*value, copy);
    if (produced_ % kPollEvery == 0) take_reports({});
  }
  wait();
  return produced_ - before;
}

std::uint64_t RawProducer::produce_while(Values& values, const std::function<bool()>& more) {
  return produce_from(
      [&]() -> std::optional<std::string_view> {
        if (!more()) return std::nullopt;
        return values.next();
      },
      Copy::kNo);
}

void RawProducer::produce_all(Values& values, std::uint64_t count) {
  produce_while(values, [&count] { return count-- > 0; });
}

void RawProducer::produce(std::string_view value, Copy copy, void* opaque) {
  Lane& lane = lanes_[turn_];
  turn_ = turn_ + 1 == lanes_.size() ? 0 : turn_ + 1;
  const PartitionCount history[] = {{1, partitions_, options_.keyless_block_entries}};
  const std::uint64_t seq = lane.next++;
  const std::int32_t partition = *place(history, seq, std::nullopt, std::nullopt);
  char id[64];
  char prev[24];
  char* const number = std::copy(session_.begin(), session_.end(), id);
  char* const id_end = std::to_chars(number, id + sizeof id, seq).ptr;
  std::uint64_t& last = lane.prev[static_cast<std::size_t>(partition)];
  char* const prev_end = std::to_chars(prev, prev + sizeof prev, last).ptr;
  last = seq;
  rd_kafka_vu_t parts[7];
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = lane.topic.get();
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = partition;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem.ptr = const_cast<char*>(value.data());
  parts[2].u.mem.size = value.size();
  parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[3].u.i = copy == Copy::kYes ? RD_KAFKA_MSG_F_COPY : 0;
  parts[4] = header("outbox-id", id, static_cast<std::size_t>(id_end - id));
  parts[5] = header("outbox-prev", prev, static_cast<std::size_t>(prev_end - prev));
  parts[6].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[6].u.ptr = opaque;
  const kafka::ErrorPtr error(rd_kafka_produceva(client_.handle.get(), parts, std::size(parts)));
  if (error) die(std::string("librdkafka: ") + rd_kafka_error_string(error.get()));
  ++produced_;
  produced_bytes_ += value.size();
}

std::size_t RawProducer::take_reports(std::chrono::milliseconds timeout,
                                      const std::function<void(void* opaque)>& each) {
  const kafka::EventPtr event(
      rd_kafka_queue_poll(client_.events.get(), static_cast<int>(timeout.count())));
  if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) return 0;
  messages_.resize(rd_kafka_event_message_count(event.get()));
  rd_kafka_event_message_array(event.get(), messages_.data(), messages_.size());
  for (const rd_kafka_message_t* message : messages_) {
    if (message->err != 0) die(std::string("librdkafka: ") + rd_kafka_err2str(message->err));
    if (message->offset < 0) die("librdkafka: a report without an offset");
    ++reported_;
    reported_bytes_ += message->len;
    if (each) each(message->_private);
  }
  return messages_.size();
}

void RawProducer::wait() {
  while (reported_ < produced_) must_take_reports();
}

bool RawProducer::within_budget() const {
  return produced_ - reported_ < options_.in_flight_entries_max &&
         produced_bytes_ - reported_bytes_ < options_.in_flight_bytes_max;
}

void RawProducer::must_take_reports() {
  const StopWatch watch;
  while (take_reports(std::chrono::seconds(1)) == 0) {
    if (watch.seconds() > std::chrono::duration<double>(kReportMax).count()) {
      die("librdkafka: no report for a minute");
    }
  }
}

}  // namespace outbox::bench
