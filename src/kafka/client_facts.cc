#include "kafka/client_facts.h"

#include <algorithm>
#include <array>

#include "kafka/client.h"
#include "kafka/properties.h"

namespace outbox::kafka {
namespace {

constexpr std::size_t kValueBytes = 256;
constexpr std::string_view kBrokers = "bootstrap.servers";
constexpr std::string_view kUser = "sasl.username";

std::string who_set(const RelayOptions& options, const std::string& name) {
  if (options.kafka_properties.contains(name)) return "[kafka] or -X";
  const auto rows = settings();
  const bool ours = std::ranges::find(rows, name, &Setting::name) != rows.end();
  return ours ? "the relay" : "librdkafka's default";
}

}  // namespace

ClientFacts client_facts(const RelayOptions& options, std::int64_t message_bytes_max) {
  ClientFacts out;
  out.bootstrap_servers = options.bootstrap_servers;
  out.slow_start_idle_ms = options.slow_start_idle_ms.count();
  out.old_after_ms = options.old_after_ms.count();
  out.message_bytes_max = message_bytes_max;
  const auto user = options.kafka_properties.find(std::string(kUser));
  if (user != options.kafka_properties.end()) out.principal = "User:" + user->second;
  return out;
}

Status read_properties(const RelayOptions& options, ClientFacts& into) {
  auto properties = producer_properties(options, Role::kMain);
  if (!properties.ok()) return properties.status();
  std::erase_if(*properties, [](const auto& each) { return each.first == kBrokers; });
  const auto client = make_client(*properties);
  if (!client.ok()) return client.status();
  for (const CheckRow& row : check_rows()) {
    if (row.scope != Scope::kClient) continue;
    std::array<char, kValueBytes> value{};
    std::size_t size = value.size();
    const std::string name(row.setting);
    if (rd_kafka_conf_get(rd_kafka_conf(client->handle.get()), name.c_str(), value.data(), &size) ==
        RD_KAFKA_CONF_OK) {
      into.properties[name] = {value.data(), who_set(options, name)};
    }
  }
  return {};
}

}  // namespace outbox::kafka
