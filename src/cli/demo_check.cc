#include "cli/demo_check.h"

#include <charconv>

namespace outbox::cli {
namespace {

/// "w3 42 ....": the writer, the number, and padding that depends on both.
bool parse(std::string_view value, int& writer, std::uint64_t& number) {
  if (value.size() < 4 || value.front() != 'w') return false;
  const char* end = value.data() + value.size();
  const auto first = std::from_chars(value.data() + 1, end, writer);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ' ') return false;
  return std::from_chars(first.ptr + 1, end, number).ec == std::errc();
}

}  // namespace

std::string DemoCheck::value_of(int writer, std::uint64_t number) {
  constexpr std::size_t kValueBytes = 200;
  std::string value = "w" + std::to_string(writer) + " " + std::to_string(number) + " ";
  const char letter =
      static_cast<char>('a' + (static_cast<std::uint64_t>(writer) * 7 + number) % 26);
  value.resize(kValueBytes, letter);
  return value;
}

std::string DemoCheck::key_of(int writer) { return "writer-" + std::to_string(writer); }

void DemoCheck::read(std::string_view key, std::string_view value) {
  constexpr std::uint64_t kNumbersMax = 100'000'000;
  int writer = -1;
  std::uint64_t number = 0;
  const bool ours = parse(value, writer, number) && writer >= 0 &&
                    static_cast<std::size_t>(writer) < seen_.size() && number < kNumbersMax &&
                    value == value_of(writer, number) && key == key_of(writer);
  const std::lock_guard lock(mutex_);
  if (!ours) {
    ++altered_;
    return;
  }
  auto& seen = seen_[static_cast<std::size_t>(writer)];
  if (number < seen.size() && seen[number]) {
    ++duplicates_;
    return;
  }
  if (number < seen.size()) ++reordered_;
  if (number >= seen.size()) seen.resize(number + 1, false);
  seen[number] = true;
  ++arrived_;
}

DemoCheck::Verdict DemoCheck::verdict(const std::vector<std::uint64_t>& appended) const {
  const std::lock_guard lock(mutex_);
  Verdict verdict;
  verdict.arrived = arrived_;
  verdict.duplicates = duplicates_;
  verdict.reordered = reordered_;
  verdict.altered = altered_;
  for (std::size_t writer = 0; writer < seen_.size(); ++writer) {
    const auto& seen = seen_[writer];
    verdict.expected += appended[writer];
    for (std::uint64_t number = 0; number < appended[writer]; ++number) {
      if (number >= seen.size() || !seen[number]) ++verdict.missing;
    }
  }
  return verdict;
}

}  // namespace outbox::cli
