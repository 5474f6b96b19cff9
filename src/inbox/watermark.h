#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/ring.h"
#include "inbox/message_id.h"

namespace outbox::inbox {

/// A message that was delivered by Kafka and is not below the stored position yet.
struct Pending {
  std::int64_t offset = -1;
  std::optional<MessageId> id;
  std::int64_t arrived_ms = 0;
  bool applied = false;  ///< its effects are written, or it has none
  bool marked = false;   ///< by a done-mark, which goes when the position passes
};

/// How far one partition is done: everything below position() is applied. Offsets that Kafka does
/// not deliver (compacted away, transaction markers) are no work. Messages are finished in any
/// order; they leave at the front only, in one step with the write that stores the new position.
class Watermark {
 public:
  explicit Watermark(std::int64_t position) : position_(position), next_(position) {}

  /// Ascending offsets, none below position().
  void deliver(const Pending& message);
  /// What was delivered under the offset; null: nothing that is still held.
  Pending* find(std::int64_t offset);

  /// How many at the front are applied, `own` (an offset; -1 = none) counted as if it were. 0 with
  /// an own one: something before it is not finished.
  std::size_t passing(std::int64_t own) const;
  /// The position when the first `count` have left.
  std::int64_t position_after(std::size_t count) const;
  const Pending& at(std::size_t i) const { return held_[i]; }
  /// The first `count` leave.
  void pass(std::size_t count);

  /// First offset that is not applied, as far as it is stored.
  std::int64_t position() const { return position_; }
  /// What may be delivered next.
  std::int64_t next() const { return next_; }
  std::size_t held() const { return held_.size(); }

 private:
  Ring<Pending> held_;
  std::int64_t position_;
  std::int64_t next_;
};

}  // namespace outbox::inbox
