#include "rival.h"

#include <charconv>

#include "measure.h"

namespace outbox::bench {
namespace {

constexpr std::size_t kNumberDigits = 12;

}  // namespace

Feed::Feed(std::size_t value_bytes, std::function<bool()> more)
    : more_(std::move(more)), value_(random_text(std::max(value_bytes, kNumberDigits))) {
  std::fill_n(value_.begin(), kNumberDigits, '0');
}

const std::string& Feed::next() {
  std::uint64_t rest = next_++;
  for (std::size_t i = kNumberDigits; rest > 0; rest /= 10) {
    value_[--i] = static_cast<char>('0' + rest % 10);
  }
  return value_;
}

std::optional<std::uint64_t> number_in(std::string_view value) {
  std::uint64_t number = 0;
  if (value.size() < kNumberDigits) return std::nullopt;
  const char* const end = value.data() + kNumberDigits;
  const auto [at, error] = std::from_chars(value.data(), end, number);
  return at == end && error == std::errc() ? std::optional(number) : std::nullopt;
}

std::unique_ptr<Rival> make_rival(const std::string& name, const Site& site) {
  if (name == "outbox") return rival_outbox(site);
  if (name == "naive") return rival_naive(site);
  if (name == "sqlite") return rival_sqlite(site);
  die("there is no rival " + name);
}

}  // namespace outbox::bench
