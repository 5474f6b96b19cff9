#pragma once

#include <string>

namespace outbox::store {

/// The next command, as every refusal of a damaged store ends.
inline constexpr const char* kRunVerify = "; run outbox-relay verify";

/// The same where it is known for sure that opening has changed nothing.
inline std::string unchanged() { return std::string("; nothing was changed") + kRunVerify; }

}  // namespace outbox::store
