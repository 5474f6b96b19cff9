#include "kafka/docs.h"
#include "kafka/setting_table.h"

namespace outbox::kafka {
namespace {

constexpr const char* kIntroduction = R"(# Kafka properties

Written by the tests from `src/kafka/setting_table.cc`; change it there.

Whatever librdkafka knows can be passed through: `-X property=value`, `[kafka]` in the
configuration file, `RelayOptions::kafka_properties`. An unknown property is answered with the
nearest known one. Three kinds exist:

- properties that the relay sets and you may override (first table, *yours to change*: yes);
- properties that would break a promise (second table): refused by name, unless the value is the
  harmless one;
- all others: passed through as they are.

## What the relay sets

)";

constexpr const char* kUnsafeHeading = R"(
## What is refused

)";

std::string code(std::string_view text) {
  return text.empty() ? std::string() : "`" + std::string(text) + "`";
}

std::string shown_value(const Setting& setting, const RelayOptions& defaults) {
  const std::string main = setting.value(defaults, Role::kMain);
  const std::string probe = setting.value(defaults, Role::kProbe);
  std::string out = code(main);
  if (probe != main) out += ", probes: " + code(probe);
  if (!setting.option.empty()) {
    out += (out.empty() ? "from `" : " (from `") + std::string(setting.option) +
           (out.empty() ? "`" : "`)");
  }
  return out;
}

std::string either(std::string_view values) {
  const auto bar = values.find('|');
  if (bar == std::string_view::npos) return code(values);
  return code(values.substr(0, bar)) + " or " + either(values.substr(bar + 1));
}

}  // namespace

std::string properties_markdown() {
  std::string out = kIntroduction;
  const RelayOptions defaults;
  out += "| property | value | yours to change | why |\n|---|---|---|---|\n";
  for (const Setting& row : settings()) {
    out += "| " + code(row.name) + " | " + shown_value(row, defaults) + " | " +
           (row.overridable ? "yes" : "no") + " | " + std::string(row.reason) + " |\n";
  }
  out += kUnsafeHeading;
  out += "| property | harmless value | why |\n|---|---|---|\n";
  for (const UnsafeSetting& row : unsafe_settings()) {
    out += "| " + code(row.name) + " | " + either(row.harmless_value) + " | " +
           std::string(row.reason) + " |\n";
  }
  return out;
}

}  // namespace outbox::kafka
