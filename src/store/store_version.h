#pragma once

#include <string_view>

#include "outbox/status.h"

namespace outbox::store {

/// Is the value of meta::kVersion ours? kUnknownVersion names both numbers.
/// Asked before any other value of a store is looked at.
Status check_store_version(std::string_view value);

}  // namespace outbox::store
