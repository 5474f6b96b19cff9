#include "cli/output.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <system_error>

#include "base/clock.h"

namespace outbox::cli {
namespace {

constexpr std::int64_t kRedrawMs = 200;
constexpr std::size_t kBarWidth = 30;

using Rows = std::vector<std::vector<std::string>>;

/// A column of nothing but numbers, its heading aside.
bool is_numeric(const Rows& rows, std::size_t column) {
  return rows.size() > 1 && std::all_of(rows.begin() + 1, rows.end(), [column](const auto& row) {
           return row[column].find_first_not_of("-0123456789") == std::string::npos;
         });
}

}  // namespace

Status print(const std::string& text) {
  const bool written =
      std::fwrite(text.data(), 1, text.size(), stdout) == text.size() && std::fflush(stdout) == 0;
  if (written) return {};
  return {Code::kIoError,
          "cannot write to standard output: " + std::generic_category().message(errno)};
}

std::string table(const Rows& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string padding(widths[i] - row[i].size(), ' ');
      line += is_numeric(rows, i) ? padding + row[i] : row[i] + padding;
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string utc_time(std::int64_t ms) {
  const std::time_t seconds = ms / 1'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text.data() + size, text.size() - size, ".%03dZ", static_cast<int>(ms % 1'000));
  return text.data();
}

std::string who_am_i() {
  const passwd* user = ::getpwuid(::geteuid());
  const std::string name = user != nullptr ? user->pw_name : "uid " + std::to_string(::geteuid());
  return name + ", pid " + std::to_string(::getpid());
}

ProgressLine::ProgressLine() : on_(::isatty(STDERR_FILENO) == 1) {}

ProgressLine::~ProgressLine() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

void ProgressLine::show(const std::string& text) {
  const std::int64_t now_ms = SystemClock().mono_ms();
  if (!on_ || (drawn_ && now_ms - last_ms_ < kRedrawMs)) return;
  last_ms_ = now_ms;
  drawn_ = true;
  std::fprintf(stderr, "\r\033[K%s", text.c_str());
  std::fflush(stderr);
}

std::string ProgressLine::bar(std::uint64_t done, std::uint64_t total) {
  const double share =
      total == 0 ? 1.0 : std::min(1.0, static_cast<double>(done) / static_cast<double>(total));
  const auto filled = static_cast<std::size_t>(share * kBarWidth);
  return "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] " +
         std::to_string(static_cast<int>(share * 100)) + " %";
}

}  // namespace outbox::cli
