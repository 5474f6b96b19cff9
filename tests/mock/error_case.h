#pragma once

#include <cstddef>
#include <future>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mock/error_oracle.h"
#include "mock/relay_rig.h"
#include "support/campaign.h"

namespace outbox::test {

/// An outbox, its relay and its brokers, on which cells are tried: each has a topic of its own.
class ErrorCase {
 public:
  static constexpr int kEntries = 12;
  /// A topic that is there from the start and never ill.
  static constexpr const char* kWell = "well";

  ErrorCase();
  ~ErrorCase() { rig_.abandon(); }
  ErrorCase(const ErrorCase&) = delete;
  ErrorCase& operator=(const ErrorCase&) = delete;

  RelayRig& rig() { return rig_; }
  void add_topic(const std::string& topic);
  /// Values `from` to `to` - 1, as one group.
  void append(const std::vector<std::string>& topics, int from, int to);
  bool drained();

  /// From now on the cell is ill. look() brings it up to date.
  void fall_ill(Cell& cell);
  void look(Cell& cell);
  /// The same for topics in error; answers are counted from count_answers() on.
  void look_at_topics(std::vector<Cell>& cells);
  void count_answers();
  /// Nothing came through until now.
  void heal(const Cell& cell);
  bool relay_stopped();
  void start_again();
  /// Once drained: CHECKs the cell against the table.
  void check(Cell& cell);

  void begin_reading();
  bool all_read();
  /// Delivered and dead together are what was appended; what was delivered came in order.
  Counts count(const std::string& topic);

  /// On a thread of its own: it takes a while.
  void begin_stop();
  bool stopped() const;
  void check_stop();

 private:
  std::map<std::string, std::uint64_t> rebuilds() { return rig_.relay().stats().rebuilds; }
  std::vector<DeadLetter> dead(const std::string& topic);

  std::map<std::string, int> topics_;
  RelayRig rig_{1};
  std::size_t asked_before_ = 0;
  bool counting_ = false;
  std::map<std::string, std::uint64_t> rebuilds_before_;
  std::map<std::string, std::uint64_t> rebuilds_of_stopped_;
  std::unique_ptr<Consumer> consumer_;
  std::future<Status> stop_;
};

}  // namespace outbox::test
