#include "kafka/setting_table.h"

#include <array>
#include <cstdint>

namespace outbox::kafka {
namespace {

// librdkafka's own bounds are a backstop behind the relay's in-flight budget and must never be
// the first to be reached: a refused produce call would be an error path of its own.
constexpr std::size_t kQueueSlackEntries = 1'000;
// The largest message that librdkafka takes: one may exceed the byte budget when it is alone.
constexpr std::size_t kMessageBytesMax = 1'000'000'000;
// With one at a time, a question whose answer is lost or late holds up all that follow.
constexpr int kObserverInFlight = 100;
constexpr std::size_t kBytesPerKilobyte = 1'024;

template <int kMain, int kProbe>
std::string by_role(const RelayOptions&, Role role) {
  return std::to_string(role == Role::kProbe ? kProbe : kMain);
}

template <int kValue>
std::string number(const RelayOptions&, Role) {
  return std::to_string(kValue);
}

std::string yes(const RelayOptions&, Role) { return "true"; }
std::string no(const RelayOptions&, Role) { return "false"; }
std::string all(const RelayOptions&, Role) { return "all"; }

// An observer produces nothing, so it needs no producer id (and no right to get one).
std::string unless_observer(const RelayOptions&, Role role) {
  return role == Role::kObserver ? "false" : "true";
}

std::string max_in_flight(const RelayOptions& options, Role role) {
  if (role == Role::kObserver) return std::to_string(kObserverInFlight);
  return std::to_string(role == Role::kMain ? options.max_in_flight_requests : 1);
}

std::string linger(const RelayOptions& options, Role role) {
  return std::to_string(role == Role::kProbe ? 0 : options.linger_ms.count());
}

std::string queue_messages(const RelayOptions& options, Role) {
  return std::to_string(options.in_flight_entries_max + kQueueSlackEntries);
}

std::string queue_kilobytes(const RelayOptions& options, Role) {
  return std::to_string((options.in_flight_bytes_max + kMessageBytesMax) / kBytesPerKilobyte);
}

std::string propagation(const RelayOptions& options, Role) {
  return std::to_string(options.unknown_topic_grace_ms.count());
}

constexpr auto kSettings = std::to_array<Setting>({
    {"bootstrap.servers", [](const RelayOptions& o, Role) { return o.bootstrap_servers; },
     "bootstrap_servers", false, "where the cluster is"},
    {"client.id", [](const RelayOptions&, Role) { return std::string("outbox-relay"); }, "", true,
     "names the relay in the brokers' logs and quotas"},
    {"enable.idempotence", unless_observer, "", false,
     "the broker drops repeats of one producer and refuses gaps; without it a retry reorders or "
     "doubles messages"},
    {"acks", all, "", false, "only a message that every in-sync replica has may leave the outbox"},
    {"enable.gapless.guarantee", unless_observer, "", false,
     "a batch that fails for good stops the producer (the relay rebuilds it); otherwise the next "
     "batch overtakes it"},
    {"message.timeout.ms", number<0>, "", false,
     "never: the outbox owns time; a timeout turns a known entry into a possibly persisted one"},
    {"retries", number<2147483647>, "", false,
     "as long as it takes; giving up is the relay's decision, by the error table"},
    {"max.in.flight.requests.per.connection", max_in_flight, "max_in_flight_requests", false,
     "an idempotent producer keeps order with at most 5; 1 for probes, where a verdict must hit "
     "one message; 100 for the observer, which orders nothing"},
    {"delivery.report.only.error", no, "", false,
     "an entry leaves the outbox only on its delivery report"},
    {"batch.num.messages", by_role<100'000, 1>, "", true,
     "measured: 0.63 M/s instead of 0.28 M/s of 100 B with the default; 1 for probes, so that "
     "a verdict is about one message"},
    {"batch.size", number<1'000'000>, "", true,
     "below the brokers' default max.message.bytes, which counts a whole batch; the relay lowers "
     "it to the smallest limit of the topics it has work for"},
    {"message.max.bytes", number<1'000'000'000>, "", true,
     "append checks the size against the outbox's and the topic's limit; a third limit here would "
     "only give late verdicts"},
    {"linger.ms", linger, "linger_ms", true,
     "waits for fuller batches; the main knob of throughput against latency"},
    {"compression.type", [](const RelayOptions& o, Role) { return o.compression; }, "compression",
     true, "as asked"},
    {"queue.buffering.max.messages", queue_messages, "in_flight_entries_max", false,
     "the relay's in-flight budget is the bound; this one lies just above it"},
    {"queue.buffering.max.kbytes", queue_kilobytes, "in_flight_bytes_max", false,
     "the same for bytes, and room for one message larger than the budget"},
    {"socket.timeout.ms", number<30'000>, "", true,
     "a broker that does not answer for so long is given up; also how long a rebuild waits for "
     "what is in flight"},
    {"api.version.request.timeout.ms", number<30'000>, "", true,
     "the same for the first answer of a connection: no network is too slow for that one alone"},
    {"socket.nagle.disable", yes, "", true, "batches are made by linger.ms, not by TCP"},
    {"socket.keepalive.enable", yes, "", true,
     "an idle relay notices a peer that vanished without a word"},
    {"retry.backoff.ms", number<250>, "", true,
     "a refused batch is not sent again at once; librdkafka before 2.3 has no growth of it"},
    {"reconnect.backoff.ms", number<250>, "", true,
     "first pause before a broker is tried again (doubled each time)"},
    {"reconnect.backoff.max.ms", number<10'000>, "", true,
     "an unreachable cluster costs next to no processor time"},
    {"topic.metadata.refresh.interval.ms", number<60'000>, "", true,
     "finds a moved leader also where no error tells of it"},
    {"topic.metadata.refresh.fast.interval.ms", number<250>, "", true,
     "a moved leader is found soon after the error that tells of it"},
    {"topic.metadata.propagation.max.ms", propagation, "unknown_topic_grace_ms", true,
     "a topic just created is not taken for missing"},
    {"log.queue", yes, "", false, "log lines come to the relay thread, which limits their rate"},
    {"log.connection.close", no, "", true, "brokers close idle connections; that is no news"},
    {"statistics.interval.ms", number<0>, "", false,
     "nobody reads them; the relay counts for itself"},
});

constexpr std::string_view kPartitionReason =
    "the partition is a pure function of the entry and the recorded partition counts; librdkafka "
    "is given it";
constexpr std::string_view kCallbackReason =
    "a code pointer; reports, errors and log lines come as events";
constexpr std::string_view kTransactionReason =
    "transactions belong to the exactly-once mode, which sets it from the outbox's id";

constexpr auto kUnsafe = std::to_array<UnsafeSetting>({
    {"bootstrap.servers", "", "given by bootstrap_servers (--bootstrap-servers)"},
    {"metadata.broker.list", "", "given by bootstrap_servers (--bootstrap-servers)"},
    {"acks", "all|-1", "an acknowledged message could be lost with one broker"},
    {"request.required.acks", "all|-1", "an acknowledged message could be lost with one broker"},
    {"enable.idempotence", "true", "retries would double and reorder messages"},
    {"enable.gapless.guarantee", "true", "a failed batch would be overtaken by the next one"},
    {"message.timeout.ms", "0", "a timed-out message may or may not be in Kafka, and is overtaken"},
    {"delivery.timeout.ms", "0",
     "a timed-out message may or may not be in Kafka, and is overtaken"},
    {"retries", "2147483647", "giving up is decided by the error table, never by a count"},
    {"message.send.max.retries", "2147483647",
     "giving up is decided by the error table, never by a count"},
    {"max.in.flight.requests.per.connection", "",
     "given by max_in_flight_requests; more than 5 break the order"},
    {"max.in.flight", "", "given by max_in_flight_requests; more than 5 break the order"},
    {"queuing.strategy", "fifo", "messages would be sent in another order than appended"},
    {"msg_order_cmp", "", "messages would be sent in another order than appended"},
    {"partitioner", "", kPartitionReason},
    {"partitioner_cb", "", kPartitionReason},
    {"delivery.report.only.error", "false", "entries could never leave the outbox"},
    {"produce.offset.report", "true",
     "a delivery counts only with its offset, which is always reported"},
    {"queue.buffering.max.messages", "",
     "given by in_flight_entries_max; a lower one would refuse what the relay hands out"},
    {"queue.buffering.max.kbytes", "",
     "given by in_flight_bytes_max; a lower one would refuse what the relay hands out"},
    {"transactional.id", "", kTransactionReason},
    {"transaction.timeout.ms", "", kTransactionReason},
    {"log.queue", "true", "log lines would come on librdkafka's threads"},
    {"statistics.interval.ms", "0", "statistics would pile up unread"},
    {"enabled_events", "", "decides which reports the relay gets"},
    {"dr_cb", "", kCallbackReason},
    {"dr_msg_cb", "", kCallbackReason},
#define OUTBOX_KAFKA_CALLBACK(name) {name, "", kCallbackReason},
#include "kafka/callback_rows.inc"
#undef OUTBOX_KAFKA_CALLBACK
});

}  // namespace

std::span<const Setting> settings() { return kSettings; }
std::span<const UnsafeSetting> unsafe_settings() { return kUnsafe; }

}  // namespace outbox::kafka
