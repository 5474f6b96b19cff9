#include "raw_kafka.h"

#include <charconv>
#include <cstdlib>
#include <iostream>

#include "base/placement.h"

namespace outbox::bench {
namespace {

constexpr int kWaitMs = 60'000;

[[noreturn]] void die(const std::string& what) {
  std::cerr << "raw librdkafka: " << what << '\n';
  std::exit(1);
}

kafka::Client client_of(const RelayOptions& options) {
  const auto properties = kafka::producer_properties(options, kafka::Role::kMain);
  if (!properties.ok()) die(properties.status().to_string());
  auto client = kafka::make_client(*properties);
  if (!client.ok()) die(client.status().to_string());
  return std::move(client).value();
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

RawProducer::RawProducer(const RelayOptions& options, const std::string& topic,
                         std::int32_t partitions)
    : options_(options),
      partitions_(partitions),
      client_(client_of(options)),
      topic_(rd_kafka_topic_new(client_.handle.get(), topic.c_str(), nullptr)),
      prev_(static_cast<std::size_t>(partitions), 0) {}

void RawProducer::produce_all(const std::string& value, std::uint64_t count) {
  for (std::uint64_t i = 0; i < count; ++i) {
    while (in_flight_ >= options_.in_flight_entries_max ||
           in_flight_bytes_ >= options_.in_flight_bytes_max) {
      take_reports(kWaitMs);
    }
    produce(value);
    if (i % 1'024 == 0) take_reports(0);
  }
  while (in_flight_ > 0) take_reports(kWaitMs);
}

void RawProducer::produce(const std::string& value) {
  const PartitionCount history[] = {{1, partitions_, options_.keyless_block_entries}};
  const std::uint64_t seq = next_++;
  const std::int32_t partition = *place(history, seq, std::nullopt, std::nullopt);
  char id[64] = "0123abcd.18f0a1b2c3d/";
  char prev[24];
  char* const id_end = std::to_chars(id + 21, id + sizeof id, seq).ptr;
  std::uint64_t& last = prev_[static_cast<std::size_t>(partition)];
  char* const prev_end = std::to_chars(prev, prev + sizeof prev, last).ptr;
  last = seq;
  rd_kafka_vu_t parts[6];
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic_.get();
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = partition;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem.ptr = const_cast<char*>(value.data());
  parts[2].u.mem.size = value.size();
  parts[3].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[3].u.i = 0;
  parts[4] = header("outbox-id", id, static_cast<std::size_t>(id_end - id));
  parts[5] = header("outbox-prev", prev, static_cast<std::size_t>(prev_end - prev));
  const kafka::ErrorPtr error(rd_kafka_produceva(client_.handle.get(), parts, 6));
  if (error) die(rd_kafka_error_string(error.get()));
  ++in_flight_;
  in_flight_bytes_ += value.size();
}

void RawProducer::take_reports(int timeout_ms) {
  const kafka::EventPtr event(rd_kafka_queue_poll(client_.events.get(), timeout_ms));
  if (!event && timeout_ms > 0) die("no report for a minute");
  if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_DR) return;
  messages_.resize(rd_kafka_event_message_count(event.get()));
  rd_kafka_event_message_array(event.get(), messages_.data(), messages_.size());
  for (const rd_kafka_message_t* message : messages_) {
    if (message->err != 0) die(rd_kafka_err2str(message->err));
    if (message->offset < 0) die("a report without an offset");
    --in_flight_;
    in_flight_bytes_ -= message->len;
  }
}

BenchTopic::BenchTopic(const RelayOptions& options, std::string topic, std::int32_t partitions)
    : client_(client_of(options)), name_(std::move(topic)) {
  char text[256] = "";
  rd_kafka_NewTopic_t* wanted =
      rd_kafka_NewTopic_new(name_.c_str(), partitions, -1, text, sizeof text);
  if (wanted == nullptr) die(text);
  // The space of one comparison is there again for the next.
  rd_kafka_NewTopic_set_config(wanted, "file.delete.delay.ms", "1000");
  const kafka::QueuePtr queue(rd_kafka_queue_new(client_.handle.get()));
  rd_kafka_CreateTopics(client_.handle.get(), &wanted, 1, nullptr, queue.get());
  rd_kafka_NewTopic_destroy(wanted);
  const kafka::EventPtr event(rd_kafka_queue_poll(queue.get(), kWaitMs));
  if (!event) die("the brokers do not answer");
  if (rd_kafka_event_error(event.get()) != 0) die(rd_kafka_event_error_string(event.get()));
  std::size_t count = 0;
  const auto** topics =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  if (count != 1 || rd_kafka_topic_result_error(topics[0]) != 0) {
    die("cannot create " + name_ + ": " + rd_kafka_topic_result_error_string(topics[0]));
  }
  // One message to each partition: leaders are known and logs are open from then on.
  RawProducer warm(options, name_, partitions);
  warm.produce_all("x", static_cast<std::uint64_t>(partitions) * options.keyless_block_entries);
}

BenchTopic::~BenchTopic() {
  rd_kafka_DeleteTopic_t* unwanted = rd_kafka_DeleteTopic_new(name_.c_str());
  const kafka::QueuePtr queue(rd_kafka_queue_new(client_.handle.get()));
  rd_kafka_DeleteTopics(client_.handle.get(), &unwanted, 1, nullptr, queue.get());
  rd_kafka_DeleteTopic_destroy(unwanted);
  const kafka::EventPtr event(rd_kafka_queue_poll(queue.get(), kWaitMs));
}

}  // namespace outbox::bench
