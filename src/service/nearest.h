#pragma once

#include <span>
#include <string>
#include <string_view>

namespace outbox::service {

/// The one of `known` that is nearest to `word` by edit distance; empty when
/// none is near enough to be a likely slip.
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// "; did you mean NAME?", or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace outbox::service
