#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace outbox::bench {

/// One value at many places, as many bytes as are in flight. What a service sends it has made just
/// now: it lies in memory, not in the processor's cache for the thousandth time.
class Values {
 public:
  Values(std::string_view value, std::size_t bytes_in_all)
      : value_bytes_(value.size()), count_(std::max<std::size_t>(bytes_in_all / value.size(), 1)) {
    all_.reserve(count_ * value_bytes_);
    for (std::size_t i = 0; i < count_; ++i) all_.append(value);
  }

  /// Stays where it is, and is not written to.
  std::string_view next() {
    const std::size_t at = turn_;
    turn_ = turn_ + 1 == count_ ? 0 : turn_ + 1;
    return std::string_view(all_).substr(at * value_bytes_, value_bytes_);
  }

 private:
  const std::size_t value_bytes_;
  const std::size_t count_;
  std::string all_;
  std::size_t turn_ = 0;
};

}  // namespace outbox::bench
