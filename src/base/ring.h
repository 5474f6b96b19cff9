#pragma once

#include <cstddef>
#include <vector>

#include "base/check.h"

namespace outbox {

/// A queue with indexes that allocates only to grow. Once empty it keeps at
/// most kKeptSlots, so that thousands of idle partitions hold little memory.
template <typename T>
class Ring {
 public:
  static constexpr std::size_t kFirstSlots = 8;
  static constexpr std::size_t kKeptSlots = 16;

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  T& operator[](std::size_t i) { return buffer_[(first_ + i) & (buffer_.size() - 1)]; }
  const T& operator[](std::size_t i) const { return buffer_[(first_ + i) & (buffer_.size() - 1)]; }
  T& front() { return (*this)[0]; }
  const T& front() const { return (*this)[0]; }
  const T& back() const { return (*this)[size_ - 1]; }

  void push_back(const T& value) {
    if (size_ == buffer_.size()) grow();
    buffer_[(first_ + size_) & (buffer_.size() - 1)] = value;
    ++size_;
  }
  void pop_front() {
    OUTBOX_CHECK(size_ > 0);
    first_ = (first_ + 1) & (buffer_.size() - 1);
    if (--size_ == 0) shrink();
  }
  void pop_back() {
    OUTBOX_CHECK(size_ > 0);
    if (--size_ == 0) shrink();
  }
  void clear() {
    size_ = 0;
    shrink();
  }

 private:
  void grow() {
    std::vector<T> larger(buffer_.empty() ? kFirstSlots : buffer_.size() * 2);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = (*this)[i];
    buffer_.swap(larger);
    first_ = 0;
  }
  void shrink() {
    first_ = 0;
    if (buffer_.size() > kKeptSlots) std::vector<T>().swap(buffer_);
  }

  std::vector<T> buffer_;  ///< size is 0 or a power of two
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace outbox
