#include "kafka/properties.h"

#include <algorithm>
#include <charconv>

#include "base/mutant.h"
#include "kafka/property_checks.h"

namespace outbox::kafka {
namespace {

// An idempotent producer keeps the order of at most so many requests (KIP-98).
constexpr int kMaxInFlightRequestsMax = 5;

/// A watchdog or a backoff of nothing would make producers, or ask brokers, without a pause.
Status check_times(const RelayOptions& options) {
  const std::pair<const char*, std::chrono::milliseconds> least_one[] = {
      {"watchdog", options.watchdog_ms},
      {"stall_backoff_min", options.stall_backoff_min_ms},
      {"preflight_interval", options.preflight_interval_ms}};
  for (const auto& [name, time] : least_one) {
    if (time < std::chrono::milliseconds(1)) {
      return {Code::kInvalidArgument, std::string(name) + " is not above 0"};
    }
  }
  const std::pair<const char*, std::chrono::milliseconds> not_negative[] = {
      {"linger", options.linger_ms},
      {"unknown_topic_grace", options.unknown_topic_grace_ms},
      {"slow_start_idle", options.slow_start_idle_ms},
      {"old_after", options.old_after_ms},
      {"stop_deadline", options.stop_deadline_ms}};
  for (const auto& [name, time] : not_negative) {
    if (time < std::chrono::milliseconds(0)) {
      return {Code::kInvalidArgument, std::string(name) + " is negative"};
    }
  }
  if (options.stall_backoff_max_ms < options.stall_backoff_min_ms) {
    return {Code::kInvalidArgument, "stall_backoff_max is below stall_backoff_min"};
  }
  return {};
}

Status check_options(const RelayOptions& options) {
  const auto invalid = [](const std::string& text) { return Status(Code::kInvalidArgument, text); };
  if (options.bootstrap_servers.empty()) return invalid("bootstrap_servers is empty");
  if (options.max_in_flight_requests < 1 ||
      options.max_in_flight_requests > kMaxInFlightRequestsMax) {
    return invalid("max_in_flight_requests is not within 1 and 5");
  }
  if (options.in_flight_entries_max == 0) return invalid("in_flight_entries_max is 0");
  if (options.in_flight_bytes_max == 0) return invalid("in_flight_bytes_max is 0");
  if (options.shared_producer_topics == 0) return invalid("shared_producer_topics is 0");
  if (options.keyless_block_entries == 0) return invalid("keyless_block_entries is 0");
  return check_times(options);
}

}  // namespace

Result<Properties> producer_properties(const RelayOptions& options, Role role) {
  if (Status status = check_options(options); !status.ok()) return status;
  if (Status status =
          check_given(options.kafka_properties, unsafe_settings(), ClientKind::kProducer);
      !status.ok()) {
    return status;
  }
  Properties out;
  for (const Setting& setting : settings()) {
    out.emplace_back(setting.name, setting.value(options, role));
  }
  // A probe's verdicts depend on its batches of one: there even overridable settings stay ours.
  for (const auto& [name, value] : options.kafka_properties) {
    // Harmless, so it is what the table sets.
    if (find_unsafe(unsafe_settings(), name) != nullptr) continue;
    const auto ours = std::find_if(out.begin(), out.end(),
                                   [&](const auto& property) { return property.first == name; });
    if (ours == out.end()) {
      out.emplace_back(name, value);
    } else if (role != Role::kProbe || (name != "batch.num.messages" && name != "linger.ms")) {
      ours->second = value;
    }
  }
  if (mutant(Mutant::kIdempotenceOff)) {
    std::erase_if(out, [](const auto& property) {
      return property.first == "enable.idempotence" || property.first == "enable.gapless.guarantee";
    });
  }
  if (Status status = try_out(out); !status.ok()) return status;
  return out;
}

std::chrono::milliseconds milliseconds_of(const Properties& properties, std::string_view name) {
  std::int64_t value = 0;
  for (const auto& [key, text] : properties) {
    if (key == name) std::from_chars(text.data(), text.data() + text.size(), value);
  }
  return std::chrono::milliseconds(value);
}

}  // namespace outbox::kafka
