#include "kafka/producer.h"

#include <array>
#include <cstdint>

#include "base/check.h"
#include "kafka/client.h"

namespace outbox::kafka {
namespace {

rd_kafka_vu_t part(rd_kafka_vtype_t type) {
  rd_kafka_vu_t out;
  out.vtype = type;
  return out;
}

rd_kafka_vu_t bytes_part(rd_kafka_vtype_t type, std::optional<std::string_view> bytes) {
  rd_kafka_vu_t out = part(type);
  // A null pointer is null to librdkafka, so an empty value needs an address.
  static char empty = 0;
  const char* data = bytes ? (bytes->data() != nullptr ? bytes->data() : &empty) : nullptr;
  out.u.mem.ptr = const_cast<char*>(data);
  out.u.mem.size = bytes ? bytes->size() : 0;
  return out;
}

/// Null when there are none.
HeadersPtr headers_of(const OutMessage& message) {
  if (message.headers.empty()) return nullptr;
  HeadersPtr list(rd_kafka_headers_new(message.headers.size()));
  for (const auto& [name, value] : message.headers) {
    const char* data = value ? (value->data() != nullptr ? value->data() : "") : nullptr;
    rd_kafka_header_add(list.get(), name, -1, data,
                        value ? static_cast<ssize_t>(value->size()) : 0);
  }
  return list;
}

bool possibly_persisted(const rd_kafka_message_t& message) {
  return message.err != 0 && rd_kafka_message_status(&message) != RD_KAFKA_MSG_STATUS_NOT_PERSISTED;
}

class Producer final : public ProducerApi {
 public:
  Producer(Client client, int wake_fd) : client_(std::move(client)) {
    // An eventfd adds what is written to it: eight bytes.
    const std::uint64_t one = 1;
    rd_kafka_queue_io_event_enable(client_.events.get(), wake_fd, &one, sizeof one);
  }

  ~Producer() override {
    rd_kafka_queue_io_event_enable(client_.events.get(), -1, nullptr, 0);
    topics_.clear();
  }

  TopicHandle topic(const std::string& name, std::int32_t& error) override {
    TopicPtr& slot = topics_[name];
    if (!slot) slot.reset(rd_kafka_topic_new(client_.handle.get(), name.c_str(), nullptr));
    error = slot ? 0 : rd_kafka_last_error();
    return slot.get();
  }

  std::int32_t produce(const OutMessage& message) override {
    // Headers as a list, not one by one: those librdkafka 2.0.2 frees twice when it refuses a
    // message for a partition that the topic lacks. A refused list stays ours.
    HeadersPtr headers = headers_of(message);
    fill_parts(message, headers.get());
    const ErrorPtr error(rd_kafka_produceva(client_.handle.get(), parts_.data(), parts_.size()));
    if (error) return refusal(error.get());
    (void)headers.release();  // the message's now
    ++unreported_;
    return 0;
  }

  std::int32_t fatal_cause() const override {
    std::array<char, 1> text{};
    return rd_kafka_fatal_error(client_.handle.get(), text.data(), text.size());
  }

  bool poll(Polled& into, std::size_t events_max) override {
    for (std::size_t i = 0; i < events_max; ++i) {
      const EventPtr event(rd_kafka_queue_poll(client_.events.get(), 0));
      if (!event) return false;
      if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR) {
        take_reports(event.get(), into);
      } else {
        into.notices.push_back(notice_of(client_.handle.get(), event.get()));
      }
    }
    return true;
  }

  void purge() override {
    // Non-blocking: the blocking form waits for broker threads, which may hang.
    (void)rd_kafka_purge(client_.handle.get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                                   RD_KAFKA_PURGE_F_NON_BLOCKING);
  }

  std::size_t unreported() const override { return unreported_; }

 private:
  // After a fatal error librdkafka answers with what caused it, which may look transient.
  std::int32_t refusal(rd_kafka_error_t* error) const {
    return fatal_cause() != 0 ? RD_KAFKA_RESP_ERR__FATAL : rd_kafka_error_code(error);
  }

  void fill_parts(const OutMessage& message, rd_kafka_headers_t* list) {
    parts_.clear();
    rd_kafka_vu_t topic = part(RD_KAFKA_VTYPE_RKT);
    topic.u.rkt = static_cast<rd_kafka_topic_t*>(message.topic);
    rd_kafka_vu_t partition = part(RD_KAFKA_VTYPE_PARTITION);
    partition.u.i32 = message.partition;
    rd_kafka_vu_t timestamp = part(RD_KAFKA_VTYPE_TIMESTAMP);
    timestamp.u.i64 = message.timestamp_ms;
    rd_kafka_vu_t opaque = part(RD_KAFKA_VTYPE_OPAQUE);
    opaque.u.ptr = reinterpret_cast<void*>(message.opaque);
    rd_kafka_vu_t flags = part(RD_KAFKA_VTYPE_MSGFLAGS);
    flags.u.i = 0;  // neither copied nor freed by librdkafka
    rd_kafka_vu_t headers = part(RD_KAFKA_VTYPE_HEADERS);
    headers.u.headers = list;
    parts_.insert(parts_.end(),
                  {topic, partition, bytes_part(RD_KAFKA_VTYPE_VALUE, message.value),
                   bytes_part(RD_KAFKA_VTYPE_KEY, message.key), timestamp, opaque, flags, headers});
  }

  void take_reports(rd_kafka_event_t* event, Polled& into) {
    const std::size_t count = rd_kafka_event_message_count(event);
    messages_.resize(count);
    const std::size_t got = rd_kafka_event_message_array(event, messages_.data(), count);
    into.reports.reserve(into.reports.size() + got);
    for (std::size_t i = 0; i < got; ++i) {
      const rd_kafka_message_t& message = *messages_[i];
      into.reports.push_back({reinterpret_cast<std::uintptr_t>(message._private), message.err,
                              message.partition, message.offset, possibly_persisted(message)});
    }
    OUTBOX_CHECK(got <= unreported_);
    unreported_ -= got;
  }

  Client client_;
  std::map<std::string, TopicPtr> topics_;
  std::vector<rd_kafka_vu_t> parts_;
  std::vector<const rd_kafka_message_t*> messages_;
  std::size_t unreported_ = 0;
};

}  // namespace

Result<std::unique_ptr<ProducerApi>> make_producer(const Properties& properties, int wake_fd) {
  auto client = make_client(properties);
  if (!client.ok()) return client.status();
  return std::unique_ptr<ProducerApi>(
      std::make_unique<Producer>(std::move(client).value(), wake_fd));
}

}  // namespace outbox::kafka
