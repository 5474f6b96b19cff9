#include "inbox/watermark.h"

#include "base/check.h"
#include "base/mutant.h"

namespace outbox::inbox {

void Watermark::deliver(const Pending& message) {
  OUTBOX_CHECK(message.offset >= next_);
  held_.push_back(message);
  next_ = message.offset + 1;
}

Pending* Watermark::find(std::int64_t offset) {
  std::size_t low = 0;
  std::size_t high = held_.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (held_[middle].offset < offset) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < held_.size() && held_[low].offset == offset ? &held_[low] : nullptr;
}

std::size_t Watermark::passing(std::int64_t own) const {
  const auto passes = [&](const Pending& message) {
    return message.applied || message.offset == own ||
           (mutant(Mutant::kWatermarkHoles) && message.offset < own);
  };
  std::size_t count = 0;
  bool met = own < 0;
  for (; count < held_.size() && passes(held_[count]); ++count) {
    met = met || held_[count].offset == own;
  }
  return met ? count : 0;
}

// Behind the last one nothing is known, so it ends there: holes are passed with what follows them.
std::int64_t Watermark::position_after(std::size_t count) const {
  if (count == 0) return position_;
  return count < held_.size() ? held_[count].offset : next_;
}

void Watermark::pass(std::size_t count) {
  position_ = position_after(count);
  for (std::size_t i = 0; i < count; ++i) held_.pop_front();
}

}  // namespace outbox::inbox
