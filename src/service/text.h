#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outbox::service {

/// RFC 4648 with padding.
std::string base64_encode(std::string_view bytes);
/// Strict: padded, no line breaks, no stray bits. Null when it is not base64.
std::optional<std::string> base64_decode(std::string_view text);

/// Well-formed UTF-8 (no overlong forms, no surrogates).
bool is_utf8(std::string_view bytes);

/// One line for a terminal: at most `width` characters, other than printable
/// ASCII and UTF-8 shown as \n, \t or \xNN.
std::string printable(std::string_view bytes, std::size_t width);

}  // namespace outbox::service
