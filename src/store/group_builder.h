#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "store/database.h"
#include "store/group.h"
#include "store/idempotency.h"
#include "store/slab_pool.h"

namespace outbox::store {

/// Gives the messages their numbers and puts them into their group, in the order in which they
/// come. Not thread-safe: under the committer's mutex. Where memory runs out the process ends: a
/// group that holds half a request must not be written.
class GroupBuilder {
 public:
  /// One group; what does not fit waits for the next.
  static constexpr std::size_t kBytesMax = std::size_t{4} << 20;
  static constexpr std::size_t kRequestsMax = 16'384;
  /// Groups that are kept for their lists.
  static constexpr std::size_t kEndedMax = 4;

  GroupBuilder(Database& database, Idempotency& idempotency)
      : database_(database), idempotency_(idempotency) {
    ended_.reserve(kEndedMax);
  }

  /// An empty group with room for this request.
  std::unique_ptr<Group> begin(const CommitRequest& first) noexcept;
  /// The same for one that is filled while another is written: with room for as much as the last
  /// one took.
  std::unique_ptr<Group> begin_filling(const CommitRequest& first) noexcept;
  static bool fits(const CommitRequest& request, const Group& group);
  /// Gives the request's items their numbers, or the request a status that tells why not: then
  /// nothing of it is in the group. It must stay until the group is written.
  ///
  /// A single message whose caller waits only gets its number here: copying it is left to
  /// complete(), so that a caller who loses the processor has hardly ever the mutex.
  void add(CommitRequest& request, Group& group) noexcept;
  /// Puts what add() left into the group; before it is written, by who writes it. Needs no mutex.
  void complete(Group& group) noexcept;
  /// The group was written, or failed.
  void end(std::unique_ptr<Group> group) noexcept;

 private:
  /// How much of a group was there before a request was added.
  struct Mark {
    std::size_t entries;
    std::size_t keys;
  };

  std::unique_ptr<Group> begin(std::size_t bytes, std::size_t entries);
  Status put_items(CommitRequest& request, Group& group);
  Status put_item(CommitItem& item, std::string_view head, Group& group);
  void put(const CommitItem& item, std::string_view head, Group& group);
  void undo(CommitRequest& request, Group& group, const Mark& before);

  Database& database_;
  Idempotency& idempotency_;
  SlabPool slabs_;
  std::vector<std::unique_ptr<Group>> ended_;  ///< for those to come
  std::uint64_t groups_ = 0;
  std::size_t last_bytes_ = 0;  ///< of the batch of the group that ended last
  std::size_t last_entries_ = 0;
};

}  // namespace outbox::store
