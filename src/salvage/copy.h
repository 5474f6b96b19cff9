#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "outbox/status.h"

namespace outbox::salvage {

/// Called now and then with the bytes copied so far.
using CopyProgress = std::function<void(std::uint64_t bytes)>;

/// Copies the files in `from` and below to the new directory `to`, durable when it returns.
/// What the disk no longer reads becomes zeros in the copy and is named in the answer. Sockets
/// are left out. kIoError, kDiskFull: the copy is not usable.
Result<std::vector<std::string>> copy_directory(const std::filesystem::path& from,
                                                const std::filesystem::path& to,
                                                const CopyProgress& progress);

/// What was written to the file is durable, and its name.
Status sync_file(const std::filesystem::path& path);

}  // namespace outbox::salvage
