#include "kafka/property_checks.h"

#include <algorithm>
#include <array>

#include "kafka/known_properties.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {
namespace {

constexpr std::size_t kErrorTextBytes = 512;

bool harmless(const UnsafeSetting& row, std::string_view value) {
  std::string_view rest = row.harmless_value;
  while (!rest.empty()) {
    const auto bar = rest.find('|');
    if (rest.substr(0, bar) == value) return true;
    rest = bar == std::string_view::npos ? std::string_view() : rest.substr(bar + 1);
  }
  return false;
}

/// Is it a property, and one that such a client has?
Status check_known(const std::vector<KnownProperty>& known, const std::string& name,
                   ClientKind client) {
  const auto has =
      client == ClientKind::kProducer ? &KnownProperty::for_producer : &KnownProperty::for_consumer;
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const KnownProperty& row) { return row.name == name; });
  if (found == known.end()) {
    const std::string nearest = nearest_property(known, name, has);
    return {Code::kInvalidArgument, "unknown Kafka property " + name +
                                        (nearest.empty() ? "" : "; did you mean " + nearest + "?")};
  }
  if (!((*found).*has)) {
    const char* const other = client == ClientKind::kProducer ? "consumers" : "producers";
    return {Code::kInvalidArgument, "Kafka property " + name + " is for " + other + " only"};
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

}  // namespace

const UnsafeSetting* find_unsafe(std::span<const UnsafeSetting> unsafe, std::string_view name) {
  const auto found = std::find_if(unsafe.begin(), unsafe.end(),
                                  [&](const UnsafeSetting& row) { return row.name == name; });
  return found == unsafe.end() ? nullptr : &*found;
}

Status check_given(const std::map<std::string, std::string>& given,
                   std::span<const UnsafeSetting> unsafe, ClientKind client) {
  const std::vector<KnownProperty> known = known_properties();
  for (const auto& [name, value] : given) {
    if (const UnsafeSetting* row = find_unsafe(unsafe, name)) {
      if (harmless(*row, value)) continue;
      return {Code::kUnsafeSetting,
              "Kafka property " + name + " is not yours to set: " + std::string(row->reason)};
    }
    if (const Status status = check_known(known, name, client); !status.ok()) return status;
  }
  return {};
}

Status try_out(const Properties& properties) {
  const ConfPtr conf(rd_kafka_conf_new());
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

}  // namespace outbox::kafka
