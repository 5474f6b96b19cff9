#include "kafka/consumer_settings.h"

#include <algorithm>
#include <array>

#include "kafka/known_properties.h"

namespace outbox::kafka {
namespace {

constexpr std::size_t kBytesPerKilobyte = 1'024;

template <int kValue>
std::string number(const InboxOptions&) {
  return std::to_string(kValue);
}

std::string yes(const InboxOptions&) { return "true"; }
std::string no(const InboxOptions&) { return "false"; }

constexpr auto kSettings = std::to_array<ConsumerSetting>({
    {"bootstrap.servers", [](const InboxOptions& o) { return o.bootstrap_servers; },
     "bootstrap_servers", false, "where the cluster is"},
    {"group.id", [](const InboxOptions& o) { return o.group; }, "group", false,
     "whose positions are committed; the local store belongs to one group"},
    {"client.id", [](const InboxOptions&) { return std::string("outbox-inbox"); }, "", true,
     "names the inbox in the brokers' logs and quotas"},
    {"enable.auto.commit", no, "", false,
     "a timer would commit what is not processed yet, and a crash would lose it"},
    {"enable.auto.offset.store", no, "", false,
     "librdkafka would take a message for done as soon as it is handed out"},
    {"auto.offset.reset", [](const InboxOptions&) { return std::string("error"); }, "", false,
     "a lost range is told by name and never skipped in silence; where a new partition begins is "
     "the option start"},
    {"isolation.level", [](const InboxOptions&) { return std::string("read_committed"); }, "",
     false, "messages of aborted transactions were never sent, as far as a consumer goes"},
    {"enable.partition.eof", no, "", false, "nobody looks for it"},
    {"partition.assignment.strategy",
     [](const InboxOptions&) { return std::string("range,roundrobin"); }, "", true,
     "librdkafka's default; cooperative-sticky leaves partitions that stay alone and works too, "
     "but "
     "before librdkafka 2.3 it aborts a process that ends before its first assignment"},
    {"max.poll.interval.ms", number<300'000>, "", true,
     "the inbox polls all the time, however slow handlers are; what remains is the wait at a "
     "revocation, which revoke_deadline_ms bounds"},
    {"session.timeout.ms", number<45'000>, "", true,
     "a process that was killed gives its partitions up after so long"},
    {"queued.max.messages.kbytes",
     [](const InboxOptions& o) { return std::to_string(o.fetched_bytes_max / kBytesPerKilobyte); },
     "fetched_bytes_max", false, "memory does not depend on how far the inbox is behind"},
    {"queued.min.messages", number<100'000>, "", true,
     "fetching ahead is bounded by bytes, not by a count"},
    {"check.crcs", yes, "", true, "damage on the way is noticed; costs a few percent of a core"},
    {"allow.auto.create.topics", no, "", true, "a mistyped topic is an error, not a new topic"},
    {"socket.keepalive.enable", yes, "", true,
     "an idle inbox notices a peer that vanished without a word"},
    {"reconnect.backoff.ms", number<250>, "", true,
     "first pause before a broker is tried again (doubled each time)"},
    {"reconnect.backoff.max.ms", number<10'000>, "", true,
     "an unreachable cluster costs next to no processor time"},
    {"topic.metadata.refresh.interval.ms", number<60'000>, "", true,
     "finds new partitions, and a moved leader also where no error tells of it"},
    {"log.queue", yes, "", false, "log lines come to the poll thread"},
    {"log.connection.close", no, "", true, "brokers close idle connections; that is no news"},
    {"statistics.interval.ms", number<0>, "", false,
     "nobody reads them; the inbox counts for itself"},
});

constexpr std::string_view kCommitReason =
    "offsets are committed only when everything below them is processed; see commit_interval_ms";
constexpr std::string_view kCallbackReason = "a code pointer; the inbox sets its own";

constexpr auto kUnsafe = std::to_array<UnsafeSetting>({
    {"bootstrap.servers", "", "given by bootstrap_servers"},
    {"metadata.broker.list", "", "given by bootstrap_servers"},
    {"group.id", "", "given by group, which the local store is made for"},
    {"enable.auto.commit", "false", kCommitReason},
    {"auto.commit.enable", "false", kCommitReason},
    {"auto.commit.interval.ms", "", kCommitReason},
    {"enable.auto.offset.store", "false", kCommitReason},
    {"offset.store.method", "broker", "positions are the local store's, and a hint in Kafka"},
    {"offset.store.path", "", "positions are the local store's, and a hint in Kafka"},
    {"offset.store.sync.interval.ms", "", "positions are the local store's, and a hint in Kafka"},
    {"auto.offset.reset", "error",
     "a lost range would be skipped in silence; where a new partition begins is the option start"},
    {"isolation.level", "read_committed",
     "messages of aborted transactions would be processed as if they had been sent"},
    {"enable.partition.eof", "false", "nobody looks for it"},
    {"queued.max.messages.kbytes", "", "given by fetched_bytes_max"},
    {"consume.callback.max.messages", "", kCallbackReason},
    {"consume_cb", "", kCallbackReason},
    {"rebalance_cb", "", kCallbackReason},
    {"offset_commit_cb", "", kCallbackReason},
    {"log.queue", "true", "log lines would come on librdkafka's threads"},
    {"statistics.interval.ms", "0", "statistics would pile up unread"},
    {"enabled_events", "", "decides what the inbox hears of"},
#define OUTBOX_KAFKA_CALLBACK(name) {name, "", kCallbackReason},
#include "kafka/callback_rows.inc"
#undef OUTBOX_KAFKA_CALLBACK
});

}  // namespace

std::span<const ConsumerSetting> consumer_settings() { return kSettings; }
std::span<const UnsafeSetting> unsafe_consumer_settings() { return kUnsafe; }

Result<Properties> consumer_properties(const InboxOptions& options) {
  const auto unsafe = unsafe_consumer_settings();
  Status status = check_given(options.kafka_properties, unsafe, ClientKind::kConsumer);
  if (!status.ok()) return status;
  Properties out;
  for (const ConsumerSetting& setting : consumer_settings()) {
    out.emplace_back(setting.name, setting.value(options));
  }
  for (const auto& [name, value] : options.kafka_properties) {
    if (find_unsafe(unsafe, name) != nullptr) continue;  // harmless, so it is what the table sets
    const auto ours = std::find_if(out.begin(), out.end(),
                                   [&](const auto& property) { return property.first == name; });
    if (ours == out.end()) {
      out.emplace_back(name, value);
    } else {
      ours->second = value;
    }
  }
  if (status = try_out(out); !status.ok()) return status;
  return out;
}

RelayOptions producer_options(const InboxOptions& options) {
  RelayOptions out;
  out.bootstrap_servers = options.bootstrap_servers;
  for (const KnownProperty& property : known_properties()) {
    const auto given = options.kafka_properties.find(property.name);
    if (given == options.kafka_properties.end() || !property.for_producer) continue;
    if (find_unsafe(unsafe_settings(), property.name) == nullptr)
      out.kafka_properties.insert(*given);
  }
  return out;
}

}  // namespace outbox::kafka
