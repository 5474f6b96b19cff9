#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <system_error>

namespace outbox::bench {

/// --dir, whose contents every program removes: a directory, or nothing yet.
inline CLI::Option* add_dir_flag(CLI::App& app, std::string& dir) {
  namespace fs = std::filesystem;
  return app.add_option("--dir", dir, "where the stores are made; emptied")
      ->check([](const std::string& given) {
        std::error_code none;
        fs::path there = fs::absolute(given, none);
        while (there.has_relative_path() && !fs::exists(there, none)) there = there.parent_path();
        return fs::is_directory(there, none) ? std::string() : there.string() + " is no directory";
      });
}

}  // namespace outbox::bench
