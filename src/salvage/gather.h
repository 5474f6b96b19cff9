#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "outbox/status.h"
#include "salvage/pile.h"

namespace outbox::salvage {

/// Reads all tables and WALs in `dir` file by file, without CURRENT and MANIFEST, and puts what is
/// whole on the pile. Answers a line for each file with damage. `dir` is a copy: nobody else uses
/// it. kUnknownVersion; kIoError, kDiskFull: of the pile.
Result<std::vector<std::string>> gather(const std::filesystem::path& dir, Pile& pile,
                                        const std::function<void(const std::string&)>& progress);

}  // namespace outbox::salvage
