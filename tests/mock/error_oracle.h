#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "kafka/error_table.h"
#include "mock/mock_cluster.h"

namespace outbox::test {

/// How often an error is the answer, at least; of a topic's errors in metadata the relay asks
/// when it likes.
enum class Times : std::size_t { kOnce = 1, kFive = 5, kUntilHealed = 200 };
inline constexpr Times kAllTimes[] = {Times::kUntilHealed, Times::kOnce, Times::kFive};
std::string name_of(Times times);

/// One cell of the matrix, and what became of it: all that is visible from outside.
struct Cell {
  kafka::ErrorRow row;
  Request kind;
  Times times;
  std::size_t answers = 0;                        ///< with the error
  std::map<std::string, std::uint64_t> rebuilds;  ///< new producers, by reason
  std::set<std::string> states;                   ///< of its topic, from the first error on
  std::vector<std::string> dead;                  ///< the reasons, in order

  std::string name() const;
  bool lasts() const { return times == Times::kUntilHealed; }
  /// Are there more to come of so many errors?
  bool ill() const { return !lasts() && answers < static_cast<std::size_t>(times); }
};

/// Codes of the brokers.
std::vector<kafka::ErrorRow> broker_rows();

/// What the table makes the relay do in this cell; kNone where it is not told of the error.
kafka::Action wanted_action(const Cell& cell);
/// Does its topic's state tell the error's name?
bool named(const Cell& cell);
/// Did the relay begin with it, for all to see, or had it time to? Until then nothing is healed.
bool begun(const Cell& cell);
/// A state that it never should have had; empty = there is none so far.
std::string misfit(const Cell& cell);
/// What is not as the table says; empty = all is.
std::string complaint(const Cell& cell);

}  // namespace outbox::test
