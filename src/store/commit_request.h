#pragma once

#include <atomic>
#include <functional>
#include <string>
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
  std::string body;              ///< encode_body; sealed in the commit, when the number is known
  std::size_t record_bytes = 0;  ///< of the body once it is sealed
  std::string idempotency_key;
  DeliveryCallback on_delivered;
  Appended appended;
};

/// What one caller wants written in one piece: all of it or nothing.
struct CommitRequest {
  std::vector<CommitItem> items;
  /// Further changes of the same write, made when the items have their numbers
  /// (a dead letter, a purge, a partition count). A failure drops the request
  /// and only it.
  std::function<Status(rocksdb::WriteBatch&, const std::vector<CommitItem>&)> also;
  /// For append_async; runs on the thread that committed. Empty: somebody waits.
  std::function<void(CommitRequest&)> done;
  /// All recorded progress must be in the same write.
  bool with_progress = false;
  std::size_t bytes = 0;  ///< of the records, for the limits

  Status status;
  /// Somebody waits on this until it is not kWaiting.
  enum State : int { kWaiting, kDone };
  std::atomic<int> state{kWaiting};
};

}  // namespace outbox::store
