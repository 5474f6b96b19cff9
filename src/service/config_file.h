#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "outbox/status.h"

namespace outbox::service {

/// One key of a configuration file.
struct FileSetting {
  /// "linger", or for the table [kafka] the property's own name.
  std::string key;
  bool kafka = false;
  std::string text;
  /// "FILE:LINE", for messages.
  std::string where;
};

/// Reads a TOML file: top-level keys and the table [kafka], whose nested tables
/// are joined by dots (sasl.password and "sasl.password" are the same). Keys
/// are not looked up here. kIoError, kInvalidArgument (names file and line).
Result<std::vector<FileSetting>> read_config_file(const std::filesystem::path& file);

}  // namespace outbox::service
