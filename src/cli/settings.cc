#include "cli/settings.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <deque>
#include <utility>

#include "kafka/properties.h"
#include "service/logging.h"

namespace outbox::cli {

using service::Config;
using service::ConfigRow;
using service::Scope;

struct Settings::Given {
  struct Flag {
    const ConfigRow* row = nullptr;
    CLI::Option* option = nullptr;
    std::string text;
  };
  std::string file;
  std::deque<Flag> flags;  ///< stable addresses
  std::vector<std::string> kafka_flags;
};

Settings::Settings(CLI::App& app, std::initializer_list<Scope> scopes, Config base, Dir dir)
    : scopes_(scopes), base_(std::move(base)), dir_(dir), given_(std::make_shared<Given>()) {
  app.add_option("--config", given_->file, "TOML file; also OUTBOX_CONFIG")
      ->type_name("FILE")
      ->group("Settings");
  for (const ConfigRow& row : service::config_rows()) {
    if (!wants(row.scope)) continue;
    Given::Flag& flag = given_->flags.emplace_back();
    flag.row = &row;
    const std::string otherwise = service::text_of(row, base_);
    flag.option =
        app.add_option(service::flag_of(row), flag.text,
                       std::string(row.help) + (otherwise.empty() ? "" : " [" + otherwise + "]"))
            ->type_name(row.key == "dir" ? "DIR" : "VALUE");
    const bool everyday = row.key == "dir" || row.key == "bootstrap_servers" || row.key == "listen";
    if (!everyday) flag.option->group("Settings (in the file: with _ for -)");
  }
  if (wants(Scope::kRelay)) {
    app.add_option("-X", given_->kafka_flags, "librdkafka property; may be repeated")
        ->type_name("PROPERTY=VALUE")
        ->allow_extra_args(false)
        ->take_all();
  }
}

bool Settings::wants(Scope scope) const {
  return std::find(scopes_.begin(), scopes_.end(), scope) != scopes_.end();
}

Result<Config> Settings::load() const {
  service::ConfigSources sources;
  sources.base = base_;
  sources.environment = service::outbox_environment();
  if (!given_->file.empty()) {
    sources.file = given_->file;
  } else if (const char* file = std::getenv("OUTBOX_CONFIG"); file != nullptr && *file != '\0') {
    sources.file = file;
  }
  for (const Given::Flag& flag : given_->flags) {
    if (flag.option->count() > 0) sources.flags.emplace_back(flag.row->key, flag.text);
  }
  sources.kafka_flags = given_->kafka_flags;
  auto config = service::load_config(sources);
  if (!config.ok()) return config;
  if (config->dir.empty() && dir_ == Dir::kNeeded) {
    return Status(Code::kInvalidArgument, "no directory: give --dir DIR (or OUTBOX_DIR)");
  }
  if (wants(Scope::kRelay)) {
    if (config->relay.bootstrap_servers.empty() &&
        !config->relay.kafka_properties.contains("test.mock.num.brokers")) {
      return Status(Code::kInvalidArgument,
                    "no Kafka brokers: give --bootstrap-servers HOST:PORT,...");
    }
    // An unsafe property is found before anything is opened.
    const auto properties = kafka::producer_properties(config->relay, kafka::Role::kMain);
    if (!properties.ok()) return properties.status();
  }
  config->store.logger = service::stderr_logger(config->log_level);
  for (const std::string& warning : config->warnings) config->store.logger->warn(warning);
  return config;
}

}  // namespace outbox::cli
