#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outbox/status.h"
#include "service/config.h"

namespace outbox::service {

/// Which commands a setting concerns.
enum class Scope { kCommon, kStore, kRelay, kHttp };

/// How a setting is written; numbers differ by unit only.
enum class Kind { kText, kBool, kCount, kBytes, kDuration, kChoice };

/// Where in a Config a setting's value stands.
using Field =
    std::variant<std::string*, std::filesystem::path*, bool*, int*, std::uint32_t*, std::uint64_t*,
                 std::chrono::milliseconds*, WhenFull*, PoisonPolicy*, Preflight*>;

/// One row of the only table of settings: the file's keys, the environment's
/// names, the flags and their help are all made from it.
struct ConfigRow {
  /// In the file; the flag is --key with dashes, the variable OUTBOX_KEY.
  std::string_view key;
  Scope scope;
  Kind kind;
  Field (*field)(Config& config);
  std::string_view help;
};

std::span<const ConfigRow> config_rows();
const ConfigRow* find_config_row(std::string_view key);
std::vector<std::string_view> config_keys();

std::string flag_of(const ConfigRow& row);      ///< "--linger"
std::string variable_of(const ConfigRow& row);  ///< "OUTBOX_LINGER"
/// The value in `config`, as it could stand in a file.
std::string text_of(const ConfigRow& row, const Config& config);
/// kInvalidArgument says what is wrong with `text`, without naming the key.
Status assign(const ConfigRow& row, std::string_view text, Config& config);

}  // namespace outbox::service
