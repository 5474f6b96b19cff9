#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "outbox/message.h"
#include "outbox/status.h"
#include "service/access.h"

namespace outbox::cli {

/// Gathers messages into batches, appends them, and prints TOPIC SEQ for each
/// once it is durable. After the first failure nothing more is appended: what
/// came before the message at fault is durable and printed, nothing after it is.
class PutSink {
 public:
  PutSink(service::Access& access, bool quiet) : access_(access), quiet_(quiet) {}

  /// `origin` names the message in errors, e.g. "line 17". May flush.
  Status add(Message message, std::string origin);
  Status flush();
  std::uint64_t durable() const { return durable_; }

 private:
  Status append(std::size_t from, std::size_t count);
  Status print_batch(std::size_t from, const std::vector<Appended>& appended);

  service::Access& access_;
  const bool quiet_;
  std::vector<Message> messages_;
  std::vector<std::string> origins_;
  std::size_t bytes_ = 0;
  std::uint64_t durable_ = 0;
};

}  // namespace outbox::cli
