#include "service/config_file.h"

#include <algorithm>
#include <exception>
#include <fstream>
#include <sstream>
#include <toml.hpp>

namespace outbox::service {
namespace {

std::string where(const std::filesystem::path& file, const toml::value& value) {
  return file.string() + ":" + std::to_string(value.location().line());
}

/// Scalars only; anything else has no meaning in our files.
Result<std::string> scalar(const std::filesystem::path& file, const std::string& key,
                           const toml::value& value) {
  if (value.is_string()) return value.as_string().str;
  if (value.is_integer()) return std::to_string(value.as_integer());
  if (value.is_boolean()) return std::string(value.as_boolean() ? "true" : "false");
  return Status(Code::kInvalidArgument, where(file, value) + ": " + key +
                                            ": wanted a string, a whole number, true or false");
}

Status add_kafka(const std::filesystem::path& file, const std::string& prefix,
                 const toml::value& table, std::vector<FileSetting>& out) {
  for (const auto& [name, value] : table.as_table()) {
    const std::string key = prefix.empty() ? name : prefix + "." + name;
    if (value.is_table()) {
      if (Status status = add_kafka(file, key, value, out); !status.ok()) return status;
      continue;
    }
    auto text = scalar(file, "kafka." + key, value);
    if (!text.ok()) return text.status();
    out.push_back({key, true, std::move(*text), where(file, value)});
  }
  return {};
}

Result<std::vector<FileSetting>> settings_of(const std::filesystem::path& file,
                                             const toml::value& root) {
  std::vector<FileSetting> out;
  for (const auto& [key, value] : root.as_table()) {
    if (key == "kafka" && value.is_table()) {
      if (Status status = add_kafka(file, "", value, out); !status.ok()) return status;
      continue;
    }
    // An unknown table is reported as an unknown key, not for its type.
    if (value.is_table()) {
      out.push_back({key, false, "", where(file, value)});
      continue;
    }
    auto text = scalar(file, key, value);
    if (!text.ok()) return text.status();
    out.push_back({key, false, std::move(*text), where(file, value)});
  }
  return out;
}

/// toml11's message is a picture of several lines; the first says what, a
/// later one where.
Status syntax(const std::filesystem::path& file, const toml::syntax_error& error) {
  std::string what = error.what();
  what = what.substr(0, what.find('\n'));
  for (const std::string_view noise : {"[error] ", "toml::", "parse_"}) {
    if (const auto at = what.find(noise); at != std::string::npos) what.erase(at, noise.size());
  }
  return {Code::kInvalidArgument, file.string() + ":" + std::to_string(error.location().line()) +
                                      ": not valid TOML: " + what};
}

}  // namespace

Result<std::vector<FileSetting>> read_config_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || text.bad() || std::filesystem::is_directory(file)) {
    return Status(Code::kIoError, "cannot read the configuration file " + file.string());
  }
  try {
    std::istringstream source(std::move(text).str());
    auto settings = settings_of(file, toml::parse(source, file.string()));
    if (!settings.ok()) return settings;
    // toml11 keeps keys in a hash table; messages should name the first line at fault.
    std::stable_sort(settings->begin(), settings->end(), [](const auto& a, const auto& b) {
      return std::stoul(a.where.substr(a.where.rfind(':') + 1)) <
             std::stoul(b.where.substr(b.where.rfind(':') + 1));
    });
    return settings;
  } catch (const toml::syntax_error& error) {
    return syntax(file, error);
  } catch (const std::exception& error) {
    return Status(Code::kInvalidArgument, file.string() + ": not valid TOML: " + error.what());
  }
}

}  // namespace outbox::service
