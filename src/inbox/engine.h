#pragma once

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_limiter.h"
#include "inbox/handling.h"
#include "kafka/consumer_api.h"
#include "outbox/inbox.h"

namespace outbox::inbox {

/// What an engine is made of.
struct EngineParts {
  std::unique_ptr<kafka::ConsumerApi> consumer;
  std::unique_ptr<Store> store;  ///< null: plain mode
  /// Null: there is no dead-letter topic.
  std::unique_ptr<kafka::ProducerFactory> dead_letter_producers;
  const Clock* clock = nullptr;
  Log log;
};

/// The inbox at work. One thread polls Kafka and owns everything that has to do with partitions:
/// it judges and hands out messages, flushes and commits positions, answers rebalances; it never
/// waits for a handler but when a partition is taken away, and then for a limited time.
class Engine final : public InboxState {
 public:
  Engine(EngineParts parts, InboxOptions options, InboxHandler handler);
  ~Engine() override;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // As of Inbox.
  Status start();
  Status stop(std::chrono::milliseconds timeout);
  Status health() const;
  Status resume(const kafka::TopicPartition& where);
  InboxStats stats() const;
  rocksdb::DB* db() const override;
  rocksdb::ColumnFamilyHandle* family(const std::string& name) const override;

 private:
  using Partitions = std::vector<kafka::TopicPartition>;
  /// For what Kafka is asked on the poll thread.
  static constexpr std::chrono::milliseconds kAskTimeout{5'000};

  /// An assigned partition.
  struct Slot {
    std::shared_ptr<Partition> partition;  ///< null: where it begins is not known yet
    std::string halted;                    ///< why; empty: it does not
    bool lost_range = false;               ///< it halts because offsets are gone
    bool ends_wanted = false;              ///< Kafka has not what comes next: is it gone?
    bool paused = false;                   ///< as librdkafka was told
    bool crowded = false;                  ///< too much above its first unfinished message
  };
  /// What is known of a partition that begins, and where it does.
  struct Found {
    kafka::TopicPartition where;
    StoredPartition known;
    StartFacts facts;
    Start start;
  };
  struct Halt {
    kafka::TopicPartition where;
    std::shared_ptr<Partition> partition;
    std::string reason;
  };

  // engine.cc: the poll thread.
  void run();
  void leave();
  void turn();
  void take(kafka::ConsumerEvent& event);
  void take(Received& received);
  void take(const kafka::CommitResult& result);
  void take(const kafka::Notice& notice);
  Slot* find(const Message& message);
  void hand_out(const std::shared_ptr<Partition>& partition, Received received);
  void balance();
  void pause_where_needed();
  void fail(const Status& status);
  void tell(const InboxEvent& event);
  bool every(std::int64_t& last_ms, std::int64_t interval_ms) const;

  // engine_assign.cc
  Status begin();
  void take(const kafka::Assigned& assigned);
  void take(const kafka::Revoked& revoked);
  std::vector<kafka::PartitionOffset> resolve(const Partitions& partitions);
  Result<Found> look_up(const kafka::PartitionOffset& committed);
  Status keep_starts(const std::vector<Found>& found);
  kafka::PartitionOffset place(Found found);
  void resolve_pending();
  DedupLimits dedup_limits() const;

  // engine_halt.cc
  void take(const kafka::NotThere& not_there);
  void look_for_ends(const kafka::TopicPartition& where, Slot& slot);
  void halt(const kafka::TopicPartition& where, Slot& slot, const std::string& reason);
  void take_orders();
  void restart(const kafka::TopicPartition& where, Slot& slot);
  Status forget_done(const kafka::TopicPartition& where, StoredPartition& known);
  void retire(const Partition& partition);

  // engine_commit.cc
  void commit_if_due();
  Status flush_all(const Partitions& partitions);
  std::vector<kafka::PartitionOffset> to_commit(const Partitions& partitions) const;
  Status commit_now(const Partitions& partitions);
  bool end(const Partitions& partitions, std::chrono::steady_clock::time_point deadline);
  void release(const Partitions& partitions, bool lost);
  void forget(const Partitions& partitions);
  void tell_uncommitted(const Partitions& partitions);
  void finish();
  Partitions all() const;

  const InboxOptions options_;
  const Log log_;
  const Clock& clock_;
  const std::unique_ptr<Store> store_;
  std::unique_ptr<kafka::ConsumerApi> consumer_;
  const std::string metadata_;
  DeadLetters dead_letters_;
  Tally tally_;

  // Poll thread only.
  std::vector<kafka::ConsumerEvent> events_;
  Slot* last_slot_ = nullptr;  ///< of the message before: mostly the next one's too
  bool pausing_all_ = false;
  std::int64_t full_since_ms_ = -1;
  std::int64_t balanced_ms_ = 0;
  std::int64_t resolved_ms_ = 0;
  std::int64_t committed_ms_ = 0;
  std::int32_t commit_error_ = 0;  ///< of the last one

  mutable std::mutex mutex_;  ///< of what follows
  /// Changed by the poll thread only, which reads it without the lock.
  std::map<kafka::TopicPartition, Slot> slots_;
  std::vector<Halt> halts_;
  Partitions resumes_;
  Status failure_;
  Status ending_;
  std::chrono::steady_clock::time_point stop_by_;

  std::mutex stop_mutex_;  ///< one stops, others wait for it
  std::mutex tell_mutex_;  ///< of what follows, and one event at a time
  LogLimiter dead_letter_lines_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> failed_ = false;
  Handling handling_;
  std::unique_ptr<Workers> workers_;
  std::thread thread_;
};

}  // namespace outbox::inbox
