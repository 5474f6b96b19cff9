#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace outbox::kafka {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = -1;

  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// "orders/3"
inline std::string to_text(const TopicPartition& where) {
  return where.topic + "/" + std::to_string(where.partition);
}

}  // namespace outbox::kafka
