#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace outbox::test {

/// What a campaign found, by Jepsen's names. `entries`: answered OK, or judged.
struct Counts {
  std::uint64_t entries = 0;
  std::uint64_t lost = 0;
  std::uint64_t phantom = 0;
  std::uint64_t doubled = 0;
  std::uint64_t reordered = 0;
  std::uint64_t altered = 0;
  std::uint64_t other = 0;   ///< refused to open, does not balance, ...
  std::uint64_t resent = 0;  ///< duplicates that at-least-once allows

  std::uint64_t wrong() const { return lost + phantom + doubled + reordered + altered + other; }
  Counts& operator+=(const Counts& more);
  friend Counts operator-(Counts after, const Counts& before);
};

/// OUTBOX_SEED, or one of the system's; printed once with the way to replay it.
std::uint64_t base_seed();

/// One row of docs/proof.md at work: so many cycles, each with a seed of its own. Prints what it
/// reached when it ends, and appends it as a line of JSON to the file that OUTBOX_PROOF names.
class Campaign {
 public:
  /// `cycles`: unless OUTBOX_CYCLES says otherwise.
  Campaign(std::string row, std::uint64_t cycles);
  ~Campaign();
  Campaign(const Campaign&) = delete;
  Campaign& operator=(const Campaign&) = delete;

  /// Is there another cycle? Counts the last one as done.
  bool next();
  std::uint64_t cycle() const { return cycle_ - 1; }
  std::uint64_t cycles() const { return cycles_; }
  /// Of this cycle: what OUTBOX_SEED must be for this one to be the first.
  std::uint64_t seed() const { return base_seed() + cycle(); }
  /// The words of a message: how to run the cycles from `since` to this one again.
  std::string replay(std::uint64_t since) const;
  std::string replay() const { return replay(cycle()); }
  void add(const Counts& counts) { counts_ += counts; }
  const Counts& counts() const { return counts_; }

 private:
  const std::string row_;
  const std::uint64_t cycles_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  std::uint64_t cycle_ = 0;
  Counts counts_;
};

}  // namespace outbox::test
