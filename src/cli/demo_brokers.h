#pragma once

#include <functional>
#include <memory>
#include <string>

#include "outbox/status.h"

namespace outbox::cli {

/// The demo's Kafka: what it talks to, and how its outage is played.
class DemoBrokers {
 public:
  virtual ~DemoBrokers() = default;
  virtual std::string bootstrap_servers() const = 0;
  /// One line: what stands behind bootstrap_servers().
  virtual std::string describe() const = 0;
  /// librdkafka's mock checks no sequence numbers: only 1 is correct there.
  virtual int max_in_flight_requests() const = 0;
  /// False: the brokers are somebody's own and are not touched; the demo pauses the relay instead.
  virtual bool can_go_down() const = 0;
  virtual Status go_down() = 0;
  virtual Status come_up() = 0;
};

/// librdkafka's mock cluster, in this process.
Result<std::unique_ptr<DemoBrokers>> mock_brokers(const std::string& topic, int partitions);

/// Real brokers. The commands are run by the shell to stop and start them; empty: can_go_down() is
/// false.
Result<std::unique_ptr<DemoBrokers>> real_brokers(const std::string& bootstrap_servers,
                                                  const std::string& topic, int partitions,
                                                  const std::string& down_command,
                                                  const std::string& up_command);

}  // namespace outbox::cli
