#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "outbox/status.h"
#include "service/config.h"
#include "service/config_table.h"

namespace CLI {
class App;
}

namespace outbox::cli {

/// The settings of a subcommand: --config, a flag for each row of the
/// configuration table in the scopes it uses, and -X where it talks to Kafka.
class Settings {
 public:
  enum class Dir { kNeeded, kOptional };
  /// `base` are the command's own defaults.
  Settings(CLI::App& app, std::initializer_list<service::Scope> scopes, service::Config base = {},
           Dir dir = Dir::kNeeded);

  /// File, environment and flags together. Says so when there is no --dir, or
  /// no --bootstrap-servers though the command needs it. Attaches a logger to
  /// standard error.
  Result<service::Config> load() const;

 private:
  struct Given;
  bool wants(service::Scope scope) const;

  std::vector<service::Scope> scopes_;
  service::Config base_;
  Dir dir_;
  std::shared_ptr<Given> given_;
};

}  // namespace outbox::cli
