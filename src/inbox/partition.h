#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "inbox/dedup.h"
#include "inbox/start.h"
#include "inbox/store.h"
#include "inbox/watermark.h"
#include "outbox/inbox.h"

namespace outbox::inbox {

/// What becomes of a message that Kafka gave.
enum class Fate : std::uint8_t {
  kIgnored,    ///< was here before, or left over from an earlier assignment
  kRead,       ///< below the position: read only to know duplicates
  kDuplicate,  ///< of an earlier one
  kDone,       ///< finished before a restart, above the position
  kWork,
};

struct Admission {
  Fate fate = Fate::kIgnored;
  bool late = false;            ///< after its successors
  std::optional<Range> opened;  ///< a gap in front of it
};

/// One partition from its assignment to its end: what is in work, how far it is, and what is known
/// of duplicates, twice. `ahead` judges what is delivered, in offset order; `settled` follows with
/// the position, so that what is stored is always what was known AT the position, and after a
/// restart the messages above are judged again, in the same way.
///
/// The poll thread admits, flushes and ends it; workers begin and finish messages. A write that
/// carries the position is alone (`front`), and the watermark passes a message only after the write
/// with its effects returned; all other writes leave a done-mark.
class Partition {
 public:
  /// `store` null: plain mode. What `known` says above the start is kept, the rest goes.
  Partition(kafka::TopicPartition where, const Start& start, StoredPartition known,
            DedupLimits limits, Store* store);

  const kafka::TopicPartition& where() const { return where_; }

  // Poll thread.
  Admission admit(const Received& received, std::int64_t now_ms);
  /// What is to be read next.
  std::int64_t next() const;
  /// Messages above the first unfinished one, with it.
  std::size_t span() const;
  /// Stores a position that went on without a message's write (duplicates, done-marks).
  Status flush();
  /// To be committed to Kafka; nullopt: it has it already.
  std::optional<std::int64_t> to_commit() const;
  void committed(std::int64_t offset);
  /// Messages that are done and above what Kafka is known to have: whoever begins there does them
  /// again.
  std::uint64_t uncommitted() const;
  /// Stores what was committed last; after ended_by(), when no message's write will.
  Status note_committed();
  /// Nothing more begins.
  void close();
  /// After close(). False: a handler was still at work at `deadline`; its effects will not be kept.
  bool ended_by(std::chrono::steady_clock::time_point deadline);
  /// After ended_by(): what a successor begins with.
  StoredPartition snapshot() const;

  // Any thread.
  DedupCounts counts() const;
  /// First offset that is not applied.
  std::int64_t position() const;

  // Workers.
  /// False: the partition has ended; drop the message.
  bool begin();
  /// After begin(), once: the handler's effects and our own rows in one write. kClosed: it ended
  /// meanwhile, and nothing was kept.
  Status finish(std::int64_t offset, rocksdb::WriteBatch& batch);
  /// After begin(), instead: the message stays unfinished.
  void give_up();
  /// False at once when the partition ends.
  bool wait_for(std::chrono::milliseconds time);

 private:
  void settle(std::size_t count);
  void put_changes(rocksdb::WriteBatch& batch);
  void put_all(rocksdb::WriteBatch& batch);
  Status write(std::unique_lock<std::mutex>& lock, rocksdb::WriteBatch& batch);
  Status write_front(std::unique_lock<std::mutex>& lock, std::size_t count,
                     rocksdb::WriteBatch& batch);
  Status write_mark(std::unique_lock<std::mutex>& lock, std::int64_t offset,
                    rocksdb::WriteBatch& batch);
  bool done_before(std::int64_t offset);

  const kafka::TopicPartition where_;
  const Start start_;
  Store* const store_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  enum class State : std::uint8_t { kOpen, kClosing, kEnded } state_ = State::kOpen;
  std::size_t working_ = 0;  ///< begun and neither finished nor given up
  std::size_t writing_ = 0;
  bool front_ = false;  ///< a write that carries the position is under way

  Watermark watermark_;
  Dedup ahead_;
  Dedup settled_;
  DedupChanges changes_;  ///< of `settled_`, not stored yet
  std::int64_t next_;
  std::int64_t committed_ = 0;
  StoredPartition known_;      ///< as it was stored before; done-marks that are still to come
  std::size_t next_done_ = 0;  ///< in known_.done
  bool stored_anew_ = false;   ///< known_.sessions and what is obsolete were replaced
};

}  // namespace outbox::inbox
