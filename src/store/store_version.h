#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "outbox/status.h"

namespace outbox::store {

/// What a later program wrote: `what` has version `found`, we know `known`, and what to do.
Status unknown_version(const std::string& what, const std::string& found, std::uint32_t known);

/// Is the value of meta::kVersion ours? kUnknownVersion names both numbers.
/// Asked before any other value of a store is looked at.
Status check_store_version(std::string_view value);

}  // namespace outbox::store
