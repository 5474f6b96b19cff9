#include "kafka/consumer_settings.h"
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

constexpr const char* kConsumerIntroduction = R"(# Kafka properties of the inbox

Written by the tests from `src/kafka/consumer_settings.cc`; change it there.

`InboxOptions::kafka_properties` and `outbox-relay consume -X property=value` pass librdkafka
properties through; an unknown one is answered with the nearest known one. The first table is what
the inbox sets; the second what would break a promise and is refused by name, unless the value is
the harmless one.

## What the inbox sets

)";

std::string code(std::string_view text) {
  return text.empty() ? std::string() : "`" + std::string(text) + "`";
}

/// The option that a value comes from, behind the value.
std::string with_option(std::string value, std::string_view option) {
  if (option.empty()) return value;
  const std::string from = "from `" + std::string(option) + "`";
  return value.empty() ? from : value + " (" + from + ")";
}

std::string shown_value(const Setting& setting, const RelayOptions& defaults) {
  const std::string main = setting.value(defaults, Role::kMain);
  const std::string probe = setting.value(defaults, Role::kProbe);
  std::string out = code(main);
  if (probe != main) out += ", probes: " + code(probe);
  return with_option(std::move(out), setting.option);
}

std::string either(std::string_view values) {
  const auto bar = values.find('|');
  if (bar == std::string_view::npos) return code(values);
  return code(values.substr(0, bar)) + " or " + either(values.substr(bar + 1));
}

std::string table_of_set(const std::string& rows) {
  return "| property | value | yours to change | why |\n|---|---|---|---|\n" + rows;
}

std::string row_of_set(std::string_view name, const std::string& value, bool overridable,
                       std::string_view reason) {
  return "| " + code(name) + " | " + value + " | " + (overridable ? "yes" : "no") + " | " +
         std::string(reason) + " |\n";
}

std::string table_of_refused(std::span<const UnsafeSetting> unsafe) {
  std::string out = kUnsafeHeading;
  out += "| property | harmless value | why |\n|---|---|---|\n";
  for (const UnsafeSetting& row : unsafe) {
    out += "| " + code(row.name) + " | " + either(row.harmless_value) + " | " +
           std::string(row.reason) + " |\n";
  }
  return out;
}

}  // namespace

std::string properties_markdown() {
  const RelayOptions defaults;
  std::string rows;
  for (const Setting& row : settings()) {
    rows += row_of_set(row.name, shown_value(row, defaults), row.overridable, row.reason);
  }
  return kIntroduction + table_of_set(rows) + table_of_refused(unsafe_settings());
}

std::string consumer_properties_markdown() {
  const InboxOptions defaults;
  std::string rows;
  for (const ConsumerSetting& row : consumer_settings()) {
    const std::string value = with_option(code(row.value(defaults)), row.option);
    rows += row_of_set(row.name, value, row.overridable, row.reason);
  }
  return kConsumerIntroduction + table_of_set(rows) + table_of_refused(unsafe_consumer_settings());
}

}  // namespace outbox::kafka
