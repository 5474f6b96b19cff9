#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "outbox/message.h"
#include "outbox/status.h"
#include "store/lane.h"

namespace rocksdb {
class WriteBatch;
}

namespace outbox::store {

/// One message on its way into a group.
struct CommitItem {
  Lane* lane = nullptr;
  std::string body;  ///< encode_body; sealed in the commit, when the number is known
  std::uint32_t body_crc = 0;
  std::size_t record_bytes = 0;  ///< of the body once it is sealed
  std::string idempotency_key;
  DeliveryCallback on_delivered;
  Appended appended;
};

/// The messages of a request. Nearly always it is one: that needs no allocation.
class CommitItems {
 public:
  void reserve(std::size_t count) { many_.reserve(count); }
  /// A new one, to be filled in; the first one's body may have room. Valid until the next call.
  CommitItem& add() {
    if (size_++ == 0 && many_.capacity() == 0) return one_;
    if (size_ == 2 && many_.empty()) many_.push_back(std::move(one_));
    return many_.emplace_back();
  }
  /// None, and what the first one's body was is kept as room for the next.
  void clear() {
    std::string room = std::move(one_.body);
    room.clear();
    one_ = {};
    one_.body = std::move(room);
    many_ = {};
    size_ = 0;
  }
  std::size_t size() const { return size_; }
  std::span<CommitItem> all() { return {many_.empty() ? &one_ : many_.data(), size_}; }
  std::span<const CommitItem> all() const { return {many_.empty() ? &one_ : many_.data(), size_}; }
  /// An item with nothing in it when there is none.
  const CommitItem& front() const { return many_.empty() ? one_ : many_.front(); }

 private:
  CommitItem one_;
  std::vector<CommitItem> many_;
  std::size_t size_ = 0;
};

/// What one caller wants written in one piece: all of it or nothing.
struct CommitRequest {
  CommitItems items;
  /// Further changes of the same write, made when the items have their numbers
  /// (a dead letter, a purge, a partition count). A failure drops the request
  /// and only it.
  std::function<Status(rocksdb::WriteBatch&, std::span<const CommitItem>)> also;
  /// For append_async, of one item or none; called by the thread that committed. Empty: somebody
  /// waits.
  AppendCallback done;
  /// All recorded progress must be in the same write.
  bool with_progress = false;
  std::size_t bytes = 0;  ///< of the records, for the limits

  Status status;
  /// Somebody waits on this until it is not kWaiting.
  enum State : int { kWaiting, kDone };
  std::atomic<int> state{kWaiting};

  /// As new; see CommitItems::clear.
  void clear() {
    items.clear();
    also = nullptr;
    done = nullptr;
    with_progress = false;
    bytes = 0;
    status = {};
    state = kWaiting;
  }

  /// What `done` is told.
  Result<Appended> result() const {
    return status.ok() ? Result<Appended>(items.front().appended) : Result<Appended>(status);
  }

  /// What it takes in memory while it waits: of small messages mostly its own objects.
  std::size_t waiting_bytes() const {
    return bytes + sizeof(CommitRequest) + items.size() * (sizeof(CommitItem) + kItemBlocksBytes);
  }
  /// The body's room beyond the record, the callback's closure, the allocator's own.
  static constexpr std::size_t kItemBlocksBytes = 192;
};

}  // namespace outbox::store
