#include "service/config_table.h"

#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "service/units.h"

namespace outbox::service {
namespace {

constexpr auto kRows = std::to_array<ConfigRow>({
#define OUTBOX_CONFIG(key, scope, kind, member, help) \
  ConfigRow{#key, Scope::scope, Kind::kind, [](Config& c) -> Field { return &c.member; }, help},
#include "service/config_rows.inc"
#undef OUTBOX_CONFIG
});

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

Status not_one_of(std::string_view text, std::string_view choices) {
  return {Code::kInvalidArgument, "\"" + std::string(text) + "\" is not " + std::string(choices)};
}

Status set(std::string* field, Kind, std::string_view text) {
  *field = text;
  return {};
}

Status set(std::filesystem::path* field, Kind, std::string_view text) {
  *field = text;
  return {};
}

Status set(bool* field, Kind, std::string_view text) {
  if (text != "true" && text != "false") return not_one_of(text, "true or false");
  *field = text == "true";
  return {};
}

Status set(WhenFull* field, Kind, std::string_view text) {
  if (text != "block" && text != "refuse") return not_one_of(text, "block or refuse");
  *field = text == "block" ? WhenFull::kBlock : WhenFull::kRefuse;
  return {};
}

Status set(PoisonPolicy* field, Kind, std::string_view text) {
  if (text != "dead-letter" && text != "halt") return not_one_of(text, "dead-letter or halt");
  *field = text == "halt" ? PoisonPolicy::kHaltLane : PoisonPolicy::kDeadLetter;
  return {};
}

Status set(Preflight* field, Kind, std::string_view text) {
  if (text == "off") {
    *field = Preflight::kOff;
  } else if (text == "warn") {
    *field = Preflight::kWarn;
  } else if (text == "enforce") {
    *field = Preflight::kEnforce;
  } else {
    return not_one_of(text, "off, warn or enforce");
  }
  return {};
}

Status set(std::chrono::milliseconds* field, Kind, std::string_view text) {
  const auto value = parse_duration(text);
  if (!value.ok()) return value.status();
  *field = *value;
  return {};
}

template <typename Number>
  requires std::is_integral_v<Number>
Status set(Number* field, Kind kind, std::string_view text) {
  const auto value = kind == Kind::kBytes ? parse_bytes(text) : parse_count(text);
  if (!value.ok()) return value.status();
  if (*value > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) {
    return {Code::kInvalidArgument, "\"" + std::string(text) + "\" is out of range"};
  }
  *field = static_cast<Number>(*value);
  return {};
}

std::string get(const std::string* field, Kind) { return *field; }
std::string get(const std::filesystem::path* field, Kind) { return field->string(); }
std::string get(const bool* field, Kind) { return *field ? "true" : "false"; }
std::string get(const std::chrono::milliseconds* field, Kind) { return format_duration(*field); }
std::string get(const WhenFull* field, Kind) {
  return *field == WhenFull::kBlock ? "block" : "refuse";
}
std::string get(const PoisonPolicy* field, Kind) {
  return *field == PoisonPolicy::kHaltLane ? "halt" : "dead-letter";
}
std::string get(const Preflight* field, Kind) {
  if (*field == Preflight::kOff) return "off";
  return *field == Preflight::kWarn ? "warn" : "enforce";
}
template <typename Number>
  requires std::is_integral_v<Number>
std::string get(const Number* field, Kind kind) {
  const auto value = static_cast<std::uint64_t>(*field);
  return kind == Kind::kBytes ? format_bytes(value) : std::to_string(value);
}

}  // namespace

std::span<const ConfigRow> config_rows() { return kRows; }

const ConfigRow* find_config_row(std::string_view key) {
  const auto row = std::find_if(kRows.begin(), kRows.end(),
                                [key](const ConfigRow& each) { return each.key == key; });
  return row == kRows.end() ? nullptr : &*row;
}

std::vector<std::string_view> config_keys() {
  std::vector<std::string_view> keys;
  keys.reserve(kRows.size());
  for (const ConfigRow& row : kRows) keys.push_back(row.key);
  return keys;
}

std::string flag_of(const ConfigRow& row) {
  std::string flag = "--" + std::string(row.key);
  std::replace(flag.begin(), flag.end(), '_', '-');
  return flag;
}

std::string variable_of(const ConfigRow& row) { return "OUTBOX_" + upper(std::string(row.key)); }

std::string text_of(const ConfigRow& row, const Config& config) {
  // The accessor needs a mutable Config because assign() shares it; nothing is written here.
  Field field = row.field(const_cast<Config&>(config));
  return std::visit([&row](const auto* member) { return get(member, row.kind); }, field);
}

Status assign(const ConfigRow& row, std::string_view text, Config& config) {
  return std::visit([&row, text](auto* member) { return set(member, row.kind, text); },
                    row.field(config));
}

}  // namespace outbox::service
