#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "outbox/message.h"
#include "outbox/options.h"
#include "outbox/stats.h"
#include "outbox/status.h"

namespace outbox {

namespace store {
class Store;
}

/// A durable local outbox in one directory. One writer process at a time; any
/// number of threads. All methods are safe to call concurrently. Nothing
/// throws. Not promised: survival of the whole disk, or of a drive that lies
/// about flush; order across topics.
class Outbox {
 public:
  /// Opens or creates the outbox in `dir`. Failures: kBusy (names the holder),
  /// kCorruption (names topic and missing range; nothing was changed),
  /// kUnknownVersion, kIoError, kInvalidArgument (names the option).
  static Result<std::unique_ptr<Outbox>> open(const std::filesystem::path& dir, Options options);

  /// Closes. Entries that were OK are durable already; a Relay on this outbox
  /// must have been destroyed before.
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  /// Blocks until the message is fsynced in this outbox's directory.
  /// OK: durable, with its sequence number; it will reach Kafka or the
  /// dead-letter store. kIndeterminate: it may appear after the next open.
  /// Any other failure: it never appears. kInvalidArgument, kTooLarge, kFull,
  /// kDiskFull, kPoisoned, kClosed.
  /// `on_delivered`, if any, is called exactly once if the append was OK and
  /// the process lives; never after a definite failure, and not where the
  /// answer is `repeated`: the entry has the callback of its first append.
  Result<Appended> append(const Message& message, DeliveryCallback on_delivered = {});

  /// Like append without waiting: `done`, which may be empty, is called on the committer thread.
  /// The message is copied before this returns.
  /// Calls of one thread get sequence numbers in call order. Blocks only while
  /// commit_queue_bytes_max waits, others hand over theirs, or (WhenFull::kBlock)
  /// the outbox is full, for at most full_deadline_ms (never within a `done`). A definite
  /// failure affects only its own call; after kIndeterminate every call fails
  /// until the outbox is reopened.
  void append_async(const Message& message, AppendCallback done,
                    DeliveryCallback on_delivered = {});

  /// All or nothing, one fsync, also across topics. Validated whole first:
  /// a failure names the index of the message at fault.
  Result<std::vector<Appended>> append_batch(std::span<const Message> messages);

  /// Waits until every entry of `topic` up to `seq` is settled (delivered,
  /// dead or purged). kTimeout, kNotFound, kClosed, kPoisoned.
  Status flush_until(const std::string& topic, Seq seq, std::chrono::milliseconds timeout);

  /// Every entry of `topic` up to the answer is delivered, dead or purged.
  /// Computed from the durable head: it never goes back and survives a
  /// restart. kNotFound: nothing was ever appended to the topic.
  Result<Seq> settled_through(const std::string& topic) const;

  Result<Stats> stats() const;

  /// Entries of `topic` from `from` on, at most `count`: none below the head; above it also ones
  /// that are settled already, in another partition than what the head waits for. kListBytesMax.
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) const;

  /// Dead letters of `topic` from `from` on, oldest first, at most `count`; kListBytesMax. Empty
  /// topic = all topics, and `from` is 0 (or kInvalidArgument).
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) const;
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) const;
  /// A new append with a new sequence number, the current session and the
  /// header outbox-requeued-from; the mark on the dead letter is in the same write.
  Result<Appended> requeue(const std::string& topic, Seq seq);
  /// Gives a dead letter up for good; counts as purged, leaves a PurgeRecord. One that was
  /// requeued lives on as another entry: of it only the letter goes, and nothing is counted.
  Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who);

  /// Gives up the pending entries of `topic` up to `through` (0 = all present
  /// now); leaves a PurgeRecord. While a Relay runs, what is in flight is
  /// awaited first and may be delivered instead.
  Result<PurgeRecord> purge(const std::string& topic, Seq through, const std::string& who);
  Result<std::vector<PurgeRecord>> purges() const;

  /// For Relay and the project's own tools; not part of the stable API.
  store::Store& store();

 private:
  explicit Outbox(std::unique_ptr<store::Store> store);
  std::unique_ptr<store::Store> store_;
};

}  // namespace outbox
