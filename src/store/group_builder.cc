#include "store/group_builder.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "base/check.h"

namespace outbox::store {
namespace {

constexpr std::size_t kSmallestBatchBytes = 4'096;
/// An entry's framing in a WriteBatch: tag, family, key and value lengths, key, CRC.
constexpr std::size_t kEntryFramingBytes = 32;

std::size_t batch_bytes(const CommitRequest& request) {
  return request.bytes + request.items.size() * kEntryFramingBytes + kSmallestBatchBytes;
}

/// For the lane's next number.
void touch(Lane& lane, std::uint64_t bytes, Group& group) {
  if (lane.touched_by_group != group.number) {
    group.touched.push_back({&lane, lane.next});
    lane.touched_by_group = group.number;
    lane.touched_index = group.touched.size() - 1;
  }
  Group::Touched& touched = group.touched[lane.touched_index];
  touched.bytes += bytes;
  ++touched.entries;
}

void number(CommitItem& item, Group& group) {
  Lane& lane = *item.lane;
  touch(lane, item.record_bytes, group);
  item.appended = {lane.next++, false};
}

/// One that stays as it is until it is written, and cannot fail.
bool can_wait(const CommitRequest& request) {
  return !request.done && request.items.size() == 1 &&
         request.items.front().idempotency_key.empty();
}

}  // namespace

std::unique_ptr<Group> GroupBuilder::begin(const CommitRequest& first) noexcept {
  return begin(batch_bytes(first), first.items.size());
}

std::unique_ptr<Group> GroupBuilder::begin_filling(const CommitRequest& first) noexcept {
  return begin(std::max(batch_bytes(first), std::min(last_bytes_, kBytesMax)),
               std::max(first.items.size(), std::min(last_entries_, kRequestsMax)));
}

std::unique_ptr<Group> GroupBuilder::begin(std::size_t bytes, std::size_t entries) {
  std::unique_ptr<Group> group;
  if (ended_.empty()) {
    group = std::make_unique<Group>();
  } else {
    group = std::move(ended_.back());
    ended_.pop_back();
  }
  group->number = ++groups_;
  group->slab = slabs_.take(bytes, entries);
  return group;
}

bool GroupBuilder::fits(const CommitRequest& request, const Group& group) {
  return group.requests.empty() ||
         (group.requests.size() < kRequestsMax && group.bytes + request.bytes <= kBytesMax);
}

void GroupBuilder::add(CommitRequest& request, Group& group) noexcept {
  group.requests.push_back(&request);
  if (request.status.ok() && can_wait(request)) {
    number(request.items.all().front(), group);
    group.numbered.push_back(&request);
  } else if (request.status.ok()) {
    complete(group);  // entries of a lane are in the order of their numbers
    const Mark before{group.slab->mark(), group.idempotency_keys.size()};
    group.slab->batch().SetSavePoint();
    request.status = put_items(request, group);
    if (request.status.ok()) {
      [[maybe_unused]] const auto kept = group.slab->batch().PopSavePoint();
    } else {
      undo(request, group, before);
    }
  }
  group.bytes += request.bytes;
  group.waiting_bytes += request.waiting_bytes();
}

void GroupBuilder::complete(Group& group) noexcept {
  for (const CommitRequest* request : group.numbered) {
    const CommitItem& item = request->items.front();
    put(item, request->copied_of(item), group);
  }
  group.numbered.clear();
}

/// Takes a request out of the group again: its numbers go to the next one.
void GroupBuilder::undo(CommitRequest& request, Group& group, const Mark& before) {
  for (const CommitItem& item : std::views::reverse(request.items.all())) {
    if (item.appended.seq == 0 || item.appended.repeated) continue;
    --item.lane->next;
    Group::Touched& touched = group.touched[item.lane->touched_index];
    --touched.entries;
    touched.bytes -= item.record_bytes;
    if (!item.idempotency_key.empty()) idempotency_.undo(std::string(item.idempotency_key));
  }
  group.idempotency_keys.resize(before.keys);
  group.slab->forget_after(before.entries);
  [[maybe_unused]] const auto undone = group.slab->batch().RollbackToSavePoint();
}

Status GroupBuilder::put_items(CommitRequest& request, Group& group) {
  for (CommitItem& item : request.items.all()) {
    if (Status status = put_item(item, request.copied_of(item), group); !status.ok()) return status;
  }
  return {};
}

Status GroupBuilder::put_item(CommitItem& item, std::string_view head, Group& group) {
  if (!item.idempotency_key.empty()) {
    const auto known = idempotency_.find(std::string(item.idempotency_key));
    if (!known.ok()) return known.status();
    if (known->has_value()) {
      item.appended = {(*known)->seq, true};
      return {};
    }
  }
  number(item, group);
  put(item, head, group);
  if (item.idempotency_key.empty()) return {};
  const std::string& key = group.idempotency_keys.emplace_back(item.idempotency_key);
  return idempotency_.remember(group.slab->batch(), key, item.lane->id, item.appended.seq);
}

void GroupBuilder::put(const CommitItem& item, std::string_view head, Group& group) {
  OUTBOX_CHECK(
      group.slab
          ->put(database_.data, item.lane->id, item.appended.seq, head, item.value, item.body_crc)
          .ok());
}

void GroupBuilder::end(std::unique_ptr<Group> group) noexcept {
  idempotency_.end_group(group->idempotency_keys);
  last_bytes_ = group->slab->batch().GetDataSize();
  last_entries_ = group->slab->entries().size();
  group->clear();
  if (ended_.size() < kEndedMax) ended_.push_back(std::move(group));
}

}  // namespace outbox::store
