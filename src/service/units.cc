#include "service/units.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>
#include <span>

namespace outbox::service {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr auto kDurations = std::to_array<Unit>(
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}});
constexpr auto kBytes = std::to_array<Unit>({{"B", 1},
                                             {"KiB", std::uint64_t{1} << 10},
                                             {"MiB", std::uint64_t{1} << 20},
                                             {"GiB", std::uint64_t{1} << 30},
                                             {"TiB", std::uint64_t{1} << 40},
                                             {"kB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000},
                                             {"TB", 1'000'000'000'000}});
/// format_bytes uses the binary units only.
constexpr std::size_t kBinaryUnits = 5;

Status invalid(std::string_view text, std::string_view wanted) {
  return {Code::kInvalidArgument, "\"" + std::string(text) + "\" is not " + std::string(wanted)};
}

Result<std::uint64_t> parse(std::string_view text, std::span<const Unit> units,
                            std::string_view bare, std::string_view wanted) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return invalid(text, wanted);
  std::string_view name(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (name.starts_with(' ')) name.remove_prefix(1);
  if (name.empty()) name = bare;
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    // Milliseconds and file sizes are signed elsewhere.
    constexpr std::uint64_t kMax = std::numeric_limits<std::int64_t>::max();
    if (number > kMax / unit.factor) return invalid(text, "within range");
    return number * unit.factor;
  }
  return invalid(text, wanted);
}

std::string format(std::uint64_t value, std::span<const Unit> units) {
  const Unit* best = &units.front();
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string(best->name);
}

}  // namespace

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const auto value = parse(text, kDurations, "", "a duration such as 250ms, 60s, 5m, 24h");
  if (!value.ok()) return value.status();
  return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
}

Result<std::uint64_t> parse_bytes(std::string_view text) {
  return parse(text, kBytes, "B", "a size such as 4096, 512KiB, 64MiB, 1GB");
}

Result<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc() || end != last) return invalid(text, "a whole number");
  return number;
}

std::string format_duration(std::chrono::milliseconds value) {
  return format(static_cast<std::uint64_t>(value.count()), kDurations);
}

std::string format_bytes(std::uint64_t value) {
  return format(value, std::span(kBytes).first(kBinaryUnits));
}

std::string human_bytes(std::uint64_t value) {
  const Unit* best = &kBytes.front();
  for (const Unit& unit : std::span(kBytes).first(kBinaryUnits)) {
    if (value >= unit.factor) best = &unit;
  }
  if (best->factor == 1) return std::to_string(value) + " B";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s",
                static_cast<double>(value) / static_cast<double>(best->factor), best->name.data());
  return text.data();
}

std::string human_age(std::int64_t age_ms) {
  if (age_ms < 1'000) return std::to_string(age_ms) + "ms";
  const std::int64_t seconds = age_ms / 1'000;
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3'600)
    return std::to_string(seconds / 60) + "m" + std::to_string(seconds % 60) + "s";
  if (seconds < 86'400) {
    return std::to_string(seconds / 3'600) + "h" + std::to_string(seconds / 60 % 60) + "m";
  }
  return std::to_string(seconds / 86'400) + "d" + std::to_string(seconds / 3'600 % 24) + "h";
}

}  // namespace outbox::service
