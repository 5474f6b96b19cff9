#include "service/config.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "service/config_file.h"
#include "service/config_table.h"
#include "service/nearest.h"

namespace outbox::service {
namespace {

constexpr std::string_view kVariablePrefix = "OUTBOX_";
constexpr std::string_view kKafkaVariablePrefix = "OUTBOX_KAFKA_";
/// property_file = "path": the property's value is the file's content.
constexpr std::string_view kFileSuffix = "_file";
/// Secrets are short; a path mistake should not read a disk image.
constexpr std::size_t kSecretBytesMax = 64 * 1024;

Status at(const std::string& where, const std::string& what) {
  return {Code::kInvalidArgument, where + ": " + what};
}

Status unknown_key(const std::string& where, std::string_view key) {
  std::vector<std::string_view> known = config_keys();
  known.push_back("kafka");
  return at(where, "unknown key \"" + std::string(key) + "\"" + did_you_mean(key, known));
}

Result<std::string> read_secret(const std::string& where, const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text(kSecretBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad() || (in.gcount() == 0 && !in.eof())) {
    return Status(Code::kIoError, where + ": cannot read the file " + path);
  }
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kSecretBytesMax) return at(where, path + " is too large for a value");
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

Status set_kafka(const std::string& where, std::string property, std::string text, Config& config) {
  if (property.ends_with(kFileSuffix)) {
    auto secret = read_secret(where, text);
    if (!secret.ok()) return secret.status();
    property.resize(property.size() - kFileSuffix.size());
    text = std::move(*secret);
  }
  if (property == "bootstrap.servers") {
    config.relay.bootstrap_servers = std::move(text);
  } else {
    config.relay.kafka_properties[property] = std::move(text);
  }
  return {};
}

Status set(const std::string& where, const ConfigRow& row, std::string_view text, Config& config) {
  const Status status = assign(row, text, config);
  return status.ok() ? status : at(where, status.message());
}

Status apply_file(const std::filesystem::path& file, Config& config) {
  auto settings = read_config_file(file);
  if (!settings.ok()) return settings.status();
  for (FileSetting& setting : *settings) {
    Status status;
    if (setting.kafka) {
      status = set_kafka(setting.where, setting.key, std::move(setting.text), config);
    } else if (const ConfigRow* row = find_config_row(setting.key)) {
      status = set(setting.where + ": " + setting.key, *row, setting.text, config);
    } else {
      status = unknown_key(setting.where, setting.key);
    }
    if (!status.ok()) return status;
  }
  return {};
}

/// OUTBOX_KAFKA_SASL_PASSWORD is sasl.password; two underscores are one.
std::string property_of(std::string_view variable) {
  std::string name;
  for (std::size_t i = 0; i < variable.size(); ++i) {
    const char c = variable[i];
    if (c != '_') {
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
    } else if (i + 1 < variable.size() && variable[i + 1] == '_') {
      name += '_';
      ++i;
    } else {
      name += '.';
    }
  }
  // ..._FILE names a file; no property ends so.
  if (name.ends_with(".file")) name.replace(name.size() - 5, 5, kFileSuffix);
  return name;
}

Status apply_environment(const std::map<std::string, std::string>& environment, Config& config) {
  std::vector<std::string> names;
  for (const ConfigRow& row : config_rows()) names.push_back(variable_of(row));
  for (const auto& [name, text] : environment) {
    if (!name.starts_with(kVariablePrefix) || name == "OUTBOX_CONFIG") continue;
    Status status;
    const auto found = std::find(names.begin(), names.end(), name);
    if (name.starts_with(kKafkaVariablePrefix)) {
      const auto property = property_of(std::string_view(name).substr(kKafkaVariablePrefix.size()));
      status = set_kafka("environment variable " + name, property, text, config);
    } else if (found != names.end()) {
      const auto index = static_cast<std::size_t>(found - names.begin());
      status = set("environment variable " + name, config_rows()[index], text, config);
    } else {
      const std::vector<std::string_view> known(names.begin(), names.end());
      const std::string hint = did_you_mean(name, known);
      if (!hint.empty()) config.warnings.push_back("unknown environment variable " + name + hint);
    }
    if (!status.ok()) return status;
  }
  return {};
}

Status apply_flags(const ConfigSources& sources, Config& config) {
  for (const auto& [key, text] : sources.flags) {
    const ConfigRow* row = find_config_row(key);
    if (row == nullptr) return unknown_key("command line", key);
    if (Status status = set(flag_of(*row), *row, text, config); !status.ok()) return status;
  }
  for (const std::string& flag : sources.kafka_flags) {
    const auto equals = flag.find('=');
    if (equals == std::string::npos || equals == 0) {
      // The text is not repeated: a slip of the shell may have put a secret there.
      return at("-X", "wanted property=value");
    }
    Status status = set_kafka("-X " + flag.substr(0, equals), flag.substr(0, equals),
                              flag.substr(equals + 1), config);
    if (!status.ok()) return status;
  }
  return {};
}

Status check(const Config& config) {
  constexpr auto kLevels =
      std::to_array<std::string_view>({"debug", "info", "warn", "error", "off"});
  if (std::find(kLevels.begin(), kLevels.end(), config.log_level) == kLevels.end()) {
    return at("log_level", "\"" + config.log_level + "\" is not debug, info, warn, error or off");
  }
  if (config.http.write_threads == 0 || config.http.write_threads > 1'024 ||
      config.http.read_threads == 0 || config.http.read_threads > 1'024) {
    return at("http_write_threads, http_read_threads", "wanted 1 to 1024");
  }
  if (config.http.connections_max == 0) return at("http_connections_max", "wanted 1 or more");
  return {};
}

}  // namespace

Result<Config> load_config(const ConfigSources& sources) {
  Config config = sources.base;
  if (sources.file) {
    if (Status status = apply_file(*sources.file, config); !status.ok()) return status;
  }
  if (Status status = apply_environment(sources.environment, config); !status.ok()) return status;
  if (Status status = apply_flags(sources, config); !status.ok()) return status;
  if (Status status = check(config); !status.ok()) return status;
  // A message of the largest size must fit into a request, in base64 and with its headers.
  config.http.body_bytes_max =
      std::max<std::uint64_t>(config.http.body_bytes_max,
                              config.store.message_bytes_max / 2 * 3 + (std::uint64_t{1} << 20));
  config.http.bodies_bytes_max = std::max(config.http.bodies_bytes_max, config.http.body_bytes_max);
  return config;
}

std::map<std::string, std::string> outbox_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (!text.starts_with(kVariablePrefix) || equals == std::string_view::npos) continue;
    variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

}  // namespace outbox::service
