#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace outbox::cli {

/// What the demo's own consumer makes of the messages that it reads back. The
/// writers' messages are numbered (writer, number), so that a missing one, a
/// doubled one and one out of order can each be told. Thread-safe.
class DemoCheck {
 public:
  struct Verdict {
    std::uint64_t expected = 0;
    std::uint64_t arrived = 0;     ///< different messages
    std::uint64_t missing = 0;     ///< of the expected ones
    std::uint64_t duplicates = 0;  ///< further copies of one that had arrived
    std::uint64_t reordered = 0;   ///< first copies behind a later one of their writer
    std::uint64_t altered = 0;     ///< not one of ours, or not as it was written
    bool perfect() const {
      return missing == 0 && arrived == expected && reordered == 0 && altered == 0;
    }
  };

  explicit DemoCheck(int writers) : seen_(static_cast<std::size_t>(writers)) {}

  /// The value of message `number` of `writer`.
  static std::string value_of(int writer, std::uint64_t number);
  /// The key: all messages of a writer go to one partition, in order.
  static std::string key_of(int writer);

  void read(std::string_view key, std::string_view value);
  /// `appended`: how many messages each writer was told are durable.
  Verdict verdict(const std::vector<std::uint64_t>& appended) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::vector<bool>> seen_;  ///< by writer and number; as long as the highest seen
  std::uint64_t arrived_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t reordered_ = 0;
  std::uint64_t altered_ = 0;
};

}  // namespace outbox::cli
