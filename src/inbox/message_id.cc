#include "inbox/message_id.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/id_headers.h"

namespace outbox::inbox {
namespace {

constexpr std::size_t kOutboxDigits = 8;
constexpr int kHex = 16;
constexpr int kDecimal = 10;

bool lower_case(std::string_view digits) {
  return std::none_of(digits.begin(), digits.end(), [](char c) { return c >= 'A' && c <= 'F'; });
}

/// All of `digits` as a number; nullopt for any other text.
template <typename Number>
std::optional<Number> whole_number(std::string_view digits, int base) {
  Number value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stopped, error] = std::from_chars(digits.data(), end, value, base);
  if (error != std::errc() || stopped != end || !lower_case(digits)) return std::nullopt;
  return value;
}

/// The same without leading zeros.
std::optional<std::uint64_t> plain_number(std::string_view digits, int base) {
  if (digits.size() > 1 && digits.front() == '0') return std::nullopt;
  return whole_number<std::uint64_t>(digits, base);
}

const std::string* last_value(std::span<const Header> headers, std::string_view name) {
  const auto found = std::find_if(headers.rbegin(), headers.rend(),
                                  [&](const Header& header) { return header.name == name; });
  return found == headers.rend() || !found->value ? nullptr : &*found->value;
}

}  // namespace

std::optional<MessageId> parse_message_id(std::string_view id, std::string_view prev) {
  const auto dot = id.find('.');
  const auto slash = id.find('/');
  if (dot != kOutboxDigits || slash == std::string_view::npos || slash < dot) return std::nullopt;
  const auto outbox = whole_number<std::uint32_t>(id.substr(0, dot), kHex);
  const auto session = plain_number(id.substr(dot + 1, slash - dot - 1), kHex);
  const auto seq = plain_number(id.substr(slash + 1), kDecimal);
  const auto before = plain_number(prev, kDecimal);
  if (!outbox || !session || !seq || !before || *before >= *seq) return std::nullopt;
  return MessageId{*outbox, *session, *seq, *before};
}

std::optional<MessageId> message_id_of(std::span<const Header> headers) {
  const std::string* const id = last_value(headers, kIdHeader);
  const std::string* const prev = last_value(headers, kPrevHeader);
  if (id == nullptr || prev == nullptr) return std::nullopt;
  return parse_message_id(*id, *prev);
}

std::string outbox_text(std::uint32_t outbox) {
  char text[kOutboxDigits + 1];
  std::snprintf(text, sizeof text, "%08x", outbox);
  return text;
}

}  // namespace outbox::inbox
