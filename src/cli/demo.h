#pragma once

#include <string>

#include "outbox/status.h"

namespace outbox::cli {

struct DemoOptions {
  /// Empty: librdkafka's mock cluster in this process.
  std::string bootstrap_servers;
  /// Shell commands that stop and start the brokers; both or none.
  std::string broker_down_command;
  std::string broker_up_command;
};

/// Shows an outage and a kill on a temporary outbox, and checks that every
/// message arrived. OK only when all did and the ledger balances.
Status run_demo(const DemoOptions& options);

}  // namespace outbox::cli
