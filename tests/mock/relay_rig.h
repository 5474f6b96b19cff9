#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "mock/mock_cluster.h"
#include "outbox/outbox.h"
#include "outbox/relay.h"
#include "support/temp_dir.h"

namespace outbox::test {

inline constexpr std::chrono::seconds kPatience{60};

/// An outbox in a temporary directory, a mock cluster, and a relay between them.
class RelayRig {
 public:
  explicit RelayRig(int brokers = 3);
  ~RelayRig();

  MockCluster& cluster() { return cluster_; }
  Outbox& outbox() { return *outbox_; }
  Relay& relay() { return *relay_; }
  RelayOptions& options() { return options_; }

  void start();
  void stop();
  /// Stops within a time that is too short to finish; the outbox is closed and opened again.
  void give_up(std::chrono::milliseconds timeout_ms);
  /// The end of a test that failed: waits for nothing and checks nothing.
  void abandon();
  /// Closes and opens the outbox; the relay is stopped first.
  void reopen();

  /// Appends and returns the sequence number; the test fails if it is refused.
  Seq append(const std::string& topic, const std::string& value,
             const std::optional<std::string>& key = std::nullopt);
  /// Waits until nothing is pending, and checks that the ledger balances.
  void drain();
  LaneStats lane(const std::string& topic);
  bool wait_state(const std::string& topic, const std::string& beginning);

 private:
  TempDir dir_;
  MockCluster cluster_;
  RelayOptions options_;
  std::unique_ptr<Outbox> outbox_;
  std::unique_ptr<Relay> relay_;
};

/// Values of `topic` in partition order of consumption: per partition, by offset.
std::vector<std::string> values_in(const std::vector<Consumed>& all, const std::string& topic,
                                   std::int32_t partition);

}  // namespace outbox::test
