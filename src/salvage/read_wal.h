#pragma once

#include <filesystem>
#include <string>

#include "outbox/status.h"
#include "salvage/pile.h"

namespace outbox::salvage {

/// Puts what the whole records of a WAL wrote on the pile. Answers what is damaged in it; empty:
/// nothing. A failure is the pile's.
Result<std::string> read_wal(const std::filesystem::path& path, Pile& pile);

}  // namespace outbox::salvage
