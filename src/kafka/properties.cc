#include "kafka/properties.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>

#include "base/mutant.h"
#include "kafka/known_properties.h"

namespace outbox::kafka {
namespace {

// An idempotent producer keeps the order of at most so many requests (KIP-98).
constexpr int kMaxInFlightRequestsMax = 5;
constexpr std::size_t kErrorTextBytes = 512;

struct ConfDeleter {
  void operator()(rd_kafka_conf_t* conf) const { rd_kafka_conf_destroy(conf); }
};

/// A watchdog or a backoff of nothing would make producers, or ask brokers, without a pause.
Status check_times(const RelayOptions& options) {
  const std::pair<const char*, std::chrono::milliseconds> least_one[] = {
      {"watchdog", options.watchdog_ms}, {"stall_backoff_min", options.stall_backoff_min_ms}};
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
  if (options.keyless_block_entries == 0) return invalid("keyless_block_entries is 0");
  return check_times(options);
}

const UnsafeSetting* unsafe(std::string_view name) {
  const auto rows = unsafe_settings();
  const auto found = std::find_if(rows.begin(), rows.end(),
                                  [&](const UnsafeSetting& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

bool harmless(const UnsafeSetting& row, std::string_view value) {
  std::string_view rest = row.harmless_value;
  while (!rest.empty()) {
    const auto bar = rest.find('|');
    if (rest.substr(0, bar) == value) return true;
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return false;
}

// Is it a property, and one that a producer has?
Status check_known(const std::vector<KnownProperty>& known, const std::string& name) {
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const KnownProperty& row) { return row.name == name; });
  if (found == known.end()) {
    const std::string nearest = nearest_property(known, name);
    return {Code::kInvalidArgument, "unknown Kafka property " + name +
                                        (nearest.empty() ? "" : "; did you mean " + nearest + "?")};
  }
  if (!found->for_producer) {
    return {Code::kInvalidArgument, "Kafka property " + name + " is for consumers only"};
  }
  return {};
}

Status check_given(const RelayOptions& options) {
  const std::vector<KnownProperty> known = known_properties();
  for (const auto& [name, value] : options.kafka_properties) {
    if (const UnsafeSetting* row = unsafe(name)) {
      if (harmless(*row, value)) continue;
      return {Code::kUnsafeSetting,
              "Kafka property " + name + " is not yours to set: " + std::string(row->reason)};
    }
    if (const Status status = check_known(known, name); !status.ok()) return status;
  }
  return {};
}

// librdkafka's texts repeat the value, which nobody may see for these.
bool secret(std::string_view name) {
  constexpr std::array<std::string_view, 4> kSecretParts{"password", "secret", "key", "oauth"};
  return std::any_of(kSecretParts.begin(), kSecretParts.end(), [&](std::string_view part) {
    return name.find(part) != std::string_view::npos;
  });
}

// librdkafka judges names and values; nothing is connected.
Status try_out(const Properties& properties) {
  const std::unique_ptr<rd_kafka_conf_t, ConfDeleter> conf(rd_kafka_conf_new());
  for (const auto& [name, value] : properties) {
    std::array<char, kErrorTextBytes> text{};
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      return {Code::kInvalidArgument, "the value of Kafka property " + name + " is refused" +
                                          (secret(name) ? "" : std::string(": ") + text.data())};
    }
  }
  return {};
}

}  // namespace

Result<Properties> producer_properties(const RelayOptions& options, Role role) {
  if (Status status = check_options(options); !status.ok()) return status;
  if (Status status = check_given(options); !status.ok()) return status;
  Properties out;
  for (const Setting& setting : settings()) {
    out.emplace_back(setting.name, setting.value(options, role));
  }
  // A probe's verdicts depend on its batches of one: there even overridable settings stay ours.
  for (const auto& [name, value] : options.kafka_properties) {
    if (unsafe(name) != nullptr) continue;  // harmless, so it is what the table sets
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
