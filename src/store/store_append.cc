#include "base/crc32c.h"
#include "store/store_impl.h"
#include "store/validate.h"

namespace outbox::store {
namespace {

/// Of a message without a long key or headers; see encode_head.
constexpr std::size_t kUsualHeadBytes = 64;

}  // namespace

Status StoreImpl::aim(const Message& message, Target& target) {
  const auto lane = lanes_->find_or_add(message.topic);
  if (!lane.ok()) return lane.status();
  target.lane = *lane;
  target.now_ms = clock_.wall_ms();
  const std::lock_guard lock(target.lane->mutex);
  target.limits = target.lane->limits;
  return {};
}

/// One more item of the request; with a failure the request is of no use any more.
Status StoreImpl::fill(CommitRequest& request, const Message& message,
                       DeliveryCallback on_delivered, Target& target) {
  // What the last message left in `target` holds for a message to the same topic.
  const bool aimed = target.lane != nullptr && target.lane->topic == message.topic;
  if (!aimed) {
    if (Status status = validate_topic(message.topic); !status.ok()) return status;
  }
  if (Status status = validate(message, options_); !status.ok()) return status;
  if (!aimed) {
    if (Status status = aim(message, target); !status.ok()) return status;
  }
  if (Status status = validate(message, target.limits); !status.ok()) return status;
  CommitItem& item = request.items.add();
  item.lane = target.lane;
  item.copied_at = request.copied.size();
  encode_head(message, session_, target.now_ms, request.copied);
  item.copied_bytes = request.copied.size() - item.copied_at;
  if (message.value) item.value = *message.value;
  item.body_crc = crc32c(crc32c(0, request.copied_of(item)), item.value);
  item.record_bytes = item.copied_bytes + item.value.size() + kRecordCrcBytes;
  item.idempotency_key = message.idempotency_key;
  item.on_delivered = std::move(on_delivered);
  request.bytes += item.record_bytes;
  return {};
}

/// A `done` that appends is on the thread that all others wait for, also those who make room.
WhenFull StoreImpl::when_full() const {
  return committer_.on_own_thread() ? WhenFull::kRefuse : options_.when_full;
}

/// The limits, cheapest first. What was taken is given back by withdraw().
Status StoreImpl::admit(const CommitRequest& request) {
  if (Status status = health(); !status.ok()) {
    return {Code::kPoisoned, status.message()};
  }
  if (Status status = disk_guard_.admit(request.bytes); !status.ok()) {
    reclaimer_.disk_is_full();
    return status;
  }
  return capacity_.take(request.items.size(), request.bytes, when_full());
}

/// Gives back what a request took and did not use.
void StoreImpl::withdraw(CommitRequest& request) {
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;
  for (CommitItem& item : request.items.all()) {
    if (request.status.ok() && !item.appended.repeated) continue;
    ++entries;
    bytes += item.record_bytes;
    if (item.on_delivered && !request.status.ok()) callbacks_.cancel();
  }
  if (entries > 0) capacity_.give_back(entries, bytes);
}

Result<Appended> StoreImpl::append(const Message& message, DeliveryCallback on_delivered) {
  CommitRequest request;
  Target target;
  if (Status status = fill(request, message, std::move(on_delivered), target); !status.ok()) {
    return status;
  }
  if (Status status = admit(request); !status.ok()) return status;
  if (Status status = reserve_callback(request); !status.ok()) return status;
  committer_.commit(request);
  withdraw(request);
  if (!request.status.ok()) return request.status;
  return request.items.front().appended;
}

/// A place for the item's callback; without one, what admit() took is given back.
Status StoreImpl::reserve_callback(const CommitRequest& request) {
  if (!request.items.front().on_delivered) return {};
  Status status = callbacks_.reserve(when_full());
  if (!status.ok()) capacity_.give_back(1, request.bytes);
  return status;
}

/// A call that failed before it was queued completes in its turn, like the others.
void StoreImpl::fail_async(Status status, AppendCallback done) {
  auto request = std::make_unique<CommitRequest>();
  request->status = std::move(status);
  request->done = std::move(done);
  committer_.commit_async(std::move(request));
}

void StoreImpl::append_async(const Message& message, AppendCallback done,
                             DeliveryCallback on_delivered) {
  // Without one it would be taken for a request whose caller, and message, wait.
  if (!done) done = [](const Result<Appended>&) {};
  auto request = request_pool_.take();
  Target target;
  Status status = fill(*request, message, std::move(on_delivered), target);
  if (status.ok()) status = admit(*request);
  if (status.ok()) status = reserve_callback(*request);
  if (!status.ok()) return fail_async(std::move(status), std::move(done));
  request->done = std::move(done);
  committer_.commit_async(std::move(request));
}

Result<std::vector<Appended>> StoreImpl::append_batch(std::span<const Message> messages) {
  if (messages.empty()) return std::vector<Appended>();
  if (messages.size() > options_.batch_entries_max) {
    return Status(Code::kInvalidArgument, "a batch of " + std::to_string(messages.size()) +
                                              " messages; batch_entries_max is " +
                                              std::to_string(options_.batch_entries_max));
  }
  CommitRequest request;
  request.items.reserve(messages.size());
  request.copied.reserve(messages.size() * kUsualHeadBytes);
  Target target;
  for (const Message& message : messages) {
    if (const Status status = fill(request, message, {}, target); !status.ok()) {
      return Status(status.code(), "message " + std::to_string(request.items.size()) +
                                       " of the batch: " + status.message());
    }
    if (request.bytes > options_.batch_bytes_max) {
      return Status(Code::kInvalidArgument, "a batch of more than batch_bytes_max bytes (" +
                                                std::to_string(options_.batch_bytes_max) + ")");
    }
  }
  if (Status status = admit(request); !status.ok()) return status;
  committer_.commit(request);
  withdraw(request);
  if (!request.status.ok()) return request.status;
  std::vector<Appended> appended;
  appended.reserve(request.items.size());
  for (const CommitItem& item : request.items.all()) appended.push_back(item.appended);
  return appended;
}

}  // namespace outbox::store
