#pragma once

#include <filesystem>
#include <string>

#include "outbox/status.h"
#include "salvage/pile.h"

namespace outbox::salvage {

/// Puts all readable blocks of a table (.sst) on the pile. Answers what is damaged in it; empty:
/// nothing. A table whose own index or end is damaged cannot be read at all. A failure is the
/// pile's.
Result<std::string> read_table(const std::filesystem::path& path, Pile& pile);

}  // namespace outbox::salvage
