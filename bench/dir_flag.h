#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

namespace outbox::bench {

/// --dir, whose contents every program removes: a directory, or nothing yet.
inline CLI::Option* add_dir_flag(CLI::App& app, std::string& dir) {
  return app.add_option("--dir", dir, "where the stores are made; emptied")
      ->check([](const std::string& given) {
        std::error_code none;
        const bool free = !std::filesystem::exists(given, none);
        return free || std::filesystem::is_directory(given, none)
                   ? std::string()
                   : given + " is there, and is no directory";
      });
}

}  // namespace outbox::bench
