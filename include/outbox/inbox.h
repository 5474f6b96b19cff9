#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "outbox/message.h"
#include "outbox/options.h"
#include "outbox/status.h"

namespace rocksdb {
class DB;
class ColumnFamilyHandle;
class WriteBatch;
}  // namespace rocksdb

namespace outbox {

/// A message on its way into the handler.
struct Received {
  /// Topic, key, value, headers, partition and timestamp as Kafka has them. Its idempotency_key
  /// is empty.
  Message message;
  std::int64_t offset = -1;
};

/// What is kept in order, and so is done by one thread.
enum class InboxOrder {
  kPartition,  ///< all messages of a partition
  kKey,        ///< messages with the same key, of any partition; those without one as kPartition
};

/// Where a partition begins of which neither the store nor Kafka knows a position.
enum class InboxStart { kEarliest, kLatest };

/// What becomes of a message that the handler goes on failing.
enum class InboxFailure {
  kHalt,        ///< its partition halts until resume(); others go on
  kDeadLetter,  ///< to dead_letter_topic, then the next
};

/// The local database, as the handler sees it: to be read. Any thread.
class InboxState {
 public:
  virtual ~InboxState() = default;
  /// Null in plain mode.
  virtual rocksdb::DB* db() const = 0;
  /// A family of InboxOptions::families, or "default". Null: there is none.
  virtual rocksdb::ColumnFamilyHandle* family(const std::string& name) const = 0;
};

/// Called on a worker thread. Effects go into `batch` and are kept together with the message's
/// offset, or not at all; read-modify-write of one key's state is safe, because the write of a
/// message has returned before the next one of its key (or partition) begins. Anything but OK, or
/// an exception: nothing of `batch` is kept, and the message is tried again, attempts_max times in
/// all; after kClosed, which says that it is not the message's fault, as often as it takes. In
/// plain mode nothing of `batch` is ever kept.
using InboxHandler = std::function<Status(const Received& message, rocksdb::WriteBatch& batch,
                                          const InboxState& state)>;

/// Something the handler's owner may want to know. Told on the inbox's own threads, one at a time;
/// must not block, and must not call the inbox.
struct InboxEvent {
  enum class Kind {
    kGap,         ///< numbers of a session have not come; they are let through when they do
    kHalted,      ///< the partition halts; `text` says why
    kDeadLetter,  ///< the message at `offset` went to the dead-letter topic
    kRepeats,     ///< `count` messages may have been processed twice (another store went on)
    kFailed,      ///< the whole inbox stopped: the local store failed, or the client did
  };
  Kind kind = Kind::kGap;
  std::string topic;
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::uint64_t count = 0;
  std::string text;
};

/// Settings of the consumer half. Every limit is enforced.
struct InboxOptions {
  std::string bootstrap_servers;
  std::string group;
  /// Subscribed to; the group shares the partitions out.
  std::vector<std::string> topics;
  /// Static assignment instead: topic -> partitions. Exact across instances: a partition stays with
  /// its store. The group is used for commits only.
  std::map<std::string, std::vector<std::int32_t>> partitions;
  /// The local store's directory. Empty: plain mode, offsets are committed after processing, and a
  /// message may be processed again after an unclean stop.
  std::filesystem::path dir;
  /// Column families of the handler, made when missing. "default" is there always.
  std::vector<std::string> families;
  /// Passed to librdkafka. One that would break a promise is refused by name (kUnsafeSetting):
  /// docs/kafka-consumer-properties.md.
  std::map<std::string, std::string> kafka_properties;

  InboxOrder order = InboxOrder::kKey;
  /// 1 to kWorkersMax; each is a thread.
  std::size_t workers = 4;
  static constexpr std::size_t kWorkersMax = 1'024;
  InboxStart start = InboxStart::kEarliest;

  /// Messages and bytes that wait for the workers or are in their hands; beyond, nothing is
  /// taken from librdkafka.
  std::size_t queued_messages_max = 10'000;
  std::size_t queued_bytes_max = std::size_t{32} << 20;
  /// Bytes that librdkafka fetches ahead.
  std::size_t fetched_bytes_max = std::size_t{16} << 20;
  /// Messages of a partition above its first unfinished one; beyond, the partition waits.
  std::size_t unfinished_span_max = 100'000;

  /// How often a failing message is tried, with doubling pauses, before `on_failure`.
  int attempts_max = 10;
  std::chrono::milliseconds retry_backoff_min_ms{100};
  std::chrono::milliseconds retry_backoff_max_ms{30'000};
  InboxFailure on_failure = InboxFailure::kHalt;
  std::string dead_letter_topic;

  /// Positions go to Kafka this often, after the local store was synced.
  std::chrono::milliseconds commit_interval_ms{1'000};
  /// A partition that is taken away waits so long for the handlers that work on it. Below
  /// max.poll.interval.ms.
  std::chrono::milliseconds revoke_deadline_ms{30'000};
  std::chrono::milliseconds stop_deadline_ms{30'000};

  /// The window in which duplicates are recognised: a session of an outbox is remembered while it
  /// is among so many newest of its outbox, or was used within the idle time ...
  std::size_t sessions_of_outbox_max = 4;
  std::chrono::milliseconds session_idle_ms{7LL * 24 * 60 * 60 * 1'000};
  /// ... and never more than so many in a partition (the least recently used go first).
  std::size_t sessions_max = 10'000;
  /// Where no local position is known, so many messages before the first one are read back.
  std::int64_t dedup_window_messages = 100'000;

  std::size_t write_buffer_bytes = std::size_t{16} << 20;
  std::chrono::milliseconds open_deadline_ms{2'000};
  std::function<void(const InboxEvent&)> on_event;
  std::shared_ptr<spdlog::logger> logger;
};

/// Counters since start; monotonic, but for what is said to be a state.
struct InboxStats {
  std::uint64_t received = 0;   ///< messages that Kafka gave
  std::uint64_t processed = 0;  ///< that the handler took, effects written
  std::uint64_t duplicates = 0;
  std::uint64_t late = 0;  ///< came after their successors and were let through
  std::uint64_t gaps_opened = 0;
  std::uint64_t gaps_merged = 0;  ///< at the limit of gaps: a repeat may be let through
  std::uint64_t sessions_forgotten = 0;
  std::uint64_t skipped_done = 0;  ///< finished before a restart, above the position
  std::uint64_t retried = 0;
  std::uint64_t dead_lettered = 0;
  /// Messages that may have been processed twice, by this store and by another one that went on
  /// from an older commit, or whose effects may have left the handler twice. Each store tells its
  /// own part when it has the partition again, so the sum over all of them is a bound from then on.
  std::uint64_t possible_repeats = 0;
  std::uint64_t commits = 0;
  std::uint64_t rebalances = 0;
  std::uint64_t queued = 0;        ///< state
  std::uint64_t queued_bytes = 0;  ///< state
  /// State, by "topic/partition": first offset that is not applied.
  std::map<std::string, std::int64_t> positions;
  /// State, by "topic/partition": why it halts.
  std::map<std::string, std::string> halted;
};

/// A consumer that neither loses nor doubles an effect. Threads: one that polls Kafka, `workers`
/// that call the handler. All methods are safe to call from any thread but the inbox's own. Nothing
/// throws. Not promised: exactness when partitions move between stores after an unclean stop (see
/// InboxStats::possible_repeats), and of effects that are not in the local store.
class Inbox {
 public:
  /// Opens the local store and starts; does not wait for Kafka. kUnsafeSetting and
  /// kInvalidArgument name the property or option; kBusy, kCorruption, kUnknownVersion, kIoError
  /// as for an outbox; kKafka with librdkafka's words.
  static Result<std::unique_ptr<Inbox>> start(InboxOptions options, InboxHandler handler);

  /// stop() with the options' stop_deadline_ms.
  ~Inbox();
  Inbox(const Inbox&) = delete;
  Inbox& operator=(const Inbox&) = delete;

  /// Takes nothing more, waits for the handlers, writes, syncs, commits, leaves the group. Messages
  /// that wait in queues are not begun. OK: Kafka has every position. kTimeout: a handler was still
  /// at work; what it does is not kept, and comes again. kKafka: the last commit failed, which does
  /// no harm with a local store. Idempotent. Returns only when no handler runs any more.
  Status stop(std::chrono::milliseconds timeout);

  /// OK while it works; else why it stopped by itself (kPoisoned, kIoError, kDiskFull, kKafka).
  Status health() const;

  /// Lets a halted partition go on: a failing message is tried again; a lost range (retention
  /// passed the position, or the topic was made anew) is accepted and the first message there is
  /// comes next. kNotFound: the partition does not halt here.
  Status resume(const std::string& topic, std::int32_t partition);

  InboxStats stats() const;

  /// What the handlers see; lives as long as the inbox.
  const InboxState& state() const;

 private:
  class Impl;
  explicit Inbox(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace outbox
