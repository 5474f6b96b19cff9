#pragma once

#include <optional>
#include <string>

#include "audit/accounts.h"
#include "audit/topic_audit.h"

namespace outbox::cli {

/// What was found of one topic, of all outboxes or of one.
struct AuditResult {
  std::string topic;
  const audit::TopicAudit* found = nullptr;
  std::optional<std::uint32_t> only;  ///< this outbox
  /// With --dir: what its books say of what is missing.
  std::optional<audit::Reckoning> reckoning;

  /// Null = the topic holds nothing of it.
  const audit::OutboxFound* of(std::uint32_t outbox) const;
  bool wants(std::uint32_t outbox) const { return !only || *only == outbox; }
};

std::string audit_for_people(const AuditResult& result);
std::string audit_for_programs(const AuditResult& result);
/// What is wrong, on one line; empty = nothing is.
std::string audit_trouble(const AuditResult& result);

}  // namespace outbox::cli
