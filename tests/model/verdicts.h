#pragma once

#include <concepts>
#include <cstdint>
#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

namespace outbox::model {

/// What a run got wrong. Kept rather than thrown, so that a run with a mutant
/// can be asked whether it was caught.
class Verdicts {
 public:
  void expect(bool held, std::string_view what) {
    if (held || wrong_.size() >= kKept) return;
    wrong_.emplace_back(what);
  }
  /// `text` makes the words, which cost more than the check.
  template <std::invocable Text>
  void expect(bool held, Text text) {
    if (!held) expect(false, std::string_view(std::string(text())));
  }
  bool clean() const { return wrong_.empty(); }
  const std::vector<std::string>& wrong() const { return wrong_; }

 private:
  static constexpr std::size_t kKept = 5;
  std::vector<std::string> wrong_;
};

/// What a run did: a hash, equal for equal seeds, and with OUTBOX_TRACE set the
/// steps themselves on stderr.
class Trace {
 public:
  void step(std::int64_t now_ms, const char* what, std::initializer_list<std::uint64_t> values) {
    add(static_cast<std::uint64_t>(now_ms));
    for (const std::uint64_t value : values) add(value);
    if (!print_) return;
    std::cerr << now_ms << ' ' << what;
    for (const std::uint64_t value : values) std::cerr << ' ' << value;
    std::cerr << '\n';
  }
  std::uint64_t value() const { return hash_; }

 private:
  /// As FNV-1a, a whole word at a time; the shift brings high bits down.
  void add(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x100000001b3ULL;
    hash_ ^= hash_ >> 32;
  }
  std::uint64_t hash_ = 0xcbf29ce484222325ULL;
  const bool print_ = std::getenv("OUTBOX_TRACE") != nullptr;
};

}  // namespace outbox::model
