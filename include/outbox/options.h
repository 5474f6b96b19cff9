#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace spdlog {
class logger;
}

namespace outbox {

/// What append does when a size or count limit is reached.
enum class WhenFull {
  kBlock,   ///< wait up to full_deadline, then kFull
  kRefuse,  ///< kFull at once
};

/// Settings of the store. Defaults are safe; every limit is enforced, and each
/// says what happens at the limit.
struct Options {
  bool create_if_missing = true;
  /// A second opener waits this long for the holder to close, then kBusy
  /// names the holder (pid, program).
  std::chrono::milliseconds open_deadline_ms{2'000};

  /// Entries that are appended and neither delivered, dead nor purged.
  std::uint64_t pending_entries_max = 1'000'000'000;
  /// Encoded bytes of the same.
  std::uint64_t pending_bytes_max = std::uint64_t{64} << 30;
  WhenFull when_full = WhenFull::kBlock;
  std::chrono::milliseconds full_deadline_ms{30'000};
  /// Below this much free disk space appends answer kDiskFull while the relay
  /// goes on draining.
  std::uint64_t disk_reserve_bytes = std::uint64_t{256} << 20;

  /// Key + value + headers of one message; more is kTooLarge.
  std::size_t message_bytes_max = std::size_t{16} << 20;
  std::size_t key_bytes_max = std::size_t{1} << 20;
  std::size_t headers_max = 256;
  /// One append_batch; more is kInvalidArgument, at once.
  std::size_t batch_entries_max = 100'000;
  std::size_t batch_bytes_max = std::size_t{64} << 20;
  /// Memory of what waits for the committer (append_async); at the limit the caller blocks.
  std::size_t commit_queue_bytes_max = std::size_t{8} << 20;
  /// Registered DeliveryCallbacks; at the limit append blocks or refuses as when_full says.
  std::size_t delivery_callbacks_max = 1'000'000;
  /// Topics; more is kInvalidArgument.
  std::uint32_t lanes_max = 100'000;

  /// Idempotency keys are remembered for this long and up to this many.
  std::chrono::milliseconds idempotency_window_ms{24 * 60 * 60 * 1'000};
  std::uint64_t idempotency_keys_max = 1'000'000;

  /// fsync the durable-tail file with every group instead of once a second:
  /// closes the blind spot of section "durable tail" of src/store/README.md,
  /// costs one more fsync a group.
  bool sync_tail_each_group = false;

  /// RocksDB memtable of the entries; two or three of them are the store's
  /// largest memory.
  std::size_t write_buffer_bytes = std::size_t{16} << 20;

  /// Where the store, RocksDB and the relay log. Null: nothing is logged.
  std::shared_ptr<spdlog::logger> logger;
};

/// What the relay does with an entry that Kafka will never take.
enum class PoisonPolicy {
  kDeadLetter,  ///< move it to the dead-letter store, go on with the next
  kHaltLane,    ///< stop the topic until an operator decides
};

/// What the relay does about a topic that could lose what Kafka confirmed (docs/preflight.md).
enum class Preflight {
  kOff,      ///< does not ask
  kWarn,     ///< logs and counts what is wrong, and sends
  kEnforce,  ///< keeps the topic's entries until it is safe; what cannot be read is not safe
};

/// Settings of the relay.
struct RelayOptions {
  std::string bootstrap_servers;
  /// Passed to librdkafka. A property that would break a promise is refused by
  /// name (kUnsafeSetting): docs/kafka-properties.md lists them.
  std::map<std::string, std::string> kafka_properties;

  /// Entries handed to librdkafka whose delivery is not recorded durably yet, and bytes not
  /// yet reported; over all partitions. At the limit the relay stops handing out, so a kill
  /// makes it send at most so many entries again.
  std::size_t in_flight_entries_max = 100'000;
  std::size_t in_flight_bytes_max = std::size_t{32} << 20;
  /// Requests in flight per broker. 1 disables pipelining (needed on
  /// librdkafka's mock cluster, which checks no sequence numbers).
  int max_in_flight_requests = 5;
  /// So many topics share a librdkafka producer, that is a connection to each broker; further ones
  /// are spread over seven more, which are opened as needed and closed after a minute without work.
  /// A broker works on one request of a connection at a time, and librdkafka's brings one
  /// partition.
  std::uint32_t shared_producer_topics = 64;
  std::chrono::milliseconds linger_ms{5};
  /// none, gzip, snappy, lz4, zstd.
  std::string compression = "none";

  /// Adds outbox-id and outbox-prev to each message.
  bool id_headers = true;
  PoisonPolicy poison_policy = PoisonPolicy::kDeadLetter;
  /// Consecutive sequence numbers of keyless messages that share a partition.
  std::uint32_t keyless_block_entries = 1'000;

  /// A topic that does not exist is retried for this long, then its lane
  /// stalls (with backoff; it heals by itself).
  std::chrono::milliseconds unknown_topic_grace_ms{60'000};
  std::chrono::milliseconds stall_backoff_min_ms{1'000};
  std::chrono::milliseconds stall_backoff_max_ms{60'000};
  /// An entry un-acked for this long, although its partition has had a live
  /// leader all that time, rebuilds the producer. Doubles after each firing.
  std::chrono::milliseconds watchdog_ms{120'000};
  /// A partition idle for this long starts slowly again (one message alone).
  std::chrono::milliseconds slow_start_idle_ms{300'000};
  /// An entry whose timestamp is older goes with one request in flight: brokers forget a producer
  /// whose last message is older than their producer.id.expiration.ms (a day). Half of that.
  std::chrono::milliseconds old_after_ms{43'200'000};
  /// Whether the cluster's settings are judged, and how often anew. A change is noticed within
  /// the interval, or when a topic that was idle gets entries again.
  Preflight preflight = Preflight::kWarn;
  std::chrono::milliseconds preflight_interval_ms{120'000};
  /// How long stop() lets what is in flight finish.
  std::chrono::milliseconds stop_deadline_ms{30'000};
};

}  // namespace outbox
