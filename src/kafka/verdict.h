#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "kafka/preflight.h"

/// What the files of the judge share.
namespace outbox::kafka {

/// One row's outcome, before it becomes a finding.
struct Verdict {
  bool holds = false;
  bool known = true;
  bool denied = false;  ///< not known for want of a right
  std::string value = {};
  std::string source = {};
  std::string loss = {};  ///< instead of the row's, where it depends on the value
  std::string fix_value = {};
};

/// `error`: rd_kafka_resp_err_t, where one was told.
Verdict unknown(std::string why, std::int32_t error = 0);
std::optional<std::int64_t> number_of(std::string_view text);
/// "topic", or with the name under which the broker has it: "server.properties
/// (log.retention.hours)".
std::string source_of(std::string_view setting, const ConfigValue& value);

/// Fills in a row's command.
struct Places {
  std::string bootstrap;
  std::string topic;
  std::string broker;
  std::string principal;
  std::string replicas;
};
Finding finding_of(Check check, std::string subject, const Verdict& verdict, Places places);

/// The new replicas of a topic that has too few, as kafka-reassign-partitions.sh reads them; empty
/// when there are not enough brokers.
std::string reassignment(const TopicFacts& topic, const std::vector<BrokerFacts>& brokers);

}  // namespace outbox::kafka
