#include "report.h"

#include <librdkafka/rdkafka.h>
#include <rocksdb/version.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

namespace outbox::bench {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 || value <= -100 ? "%.0f" : "%.2f", value);
  return text;
}

std::string plain(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* count = std::get_if<std::uint64_t>(&value)) return std::to_string(*count);
  return number(std::get<double>(value));
}

std::string json(const std::string& bench, const Row& row) {
  std::string line = "{\"bench\":" + quoted(bench);
  for (const auto& [name, value] : row.values()) {
    const bool text = std::holds_alternative<std::string>(value);
    line += ',' + quoted(name) + ':' + (text ? quoted(plain(value)) : plain(value));
  }
  return line + '}';
}

/// The rest of the first line of `path` that starts with `name`.
std::string field(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    const auto from = line.find_first_not_of(" \t:", name.size());
    return from == std::string::npos ? "" : line.substr(from);
  }
  return "";
}

Row machine() {
  utsname system{};
  uname(&system);
  char today[16] = "";
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  std::strftime(today, sizeof today, "%F", gmtime_r(&now, &parts));
  std::ostringstream rocks;
  rocks << ROCKSDB_MAJOR << '.' << ROCKSDB_MINOR << '.' << ROCKSDB_PATCH;
  Row row;
  row.set("date", today)
      .set("cpus", std::uint64_t{std::thread::hardware_concurrency()})
      .set("cpu", field("/proc/cpuinfo", "model name"))
      .set("memory", field("/proc/meminfo", "MemTotal"))
      .set("kernel", system.release)
      .set("load", field("/proc/loadavg", ""))
      .set("rocksdb", rocks.str())
      .set("librdkafka", rd_kafka_version_str())
      .set("compiler", __VERSION__);
  return row;
}

bool same_names(const Row& a, const Row& b) {
  return std::equal(a.values().begin(), a.values().end(), b.values().begin(), b.values().end(),
                    [](const auto& x, const auto& y) { return x.first == y.first; });
}

void print_one_table(const std::vector<Row>& rows, std::size_t from, std::size_t to) {
  const auto& names = rows[from].values();
  std::vector<int> widths;
  for (std::size_t column = 0; column < names.size(); ++column) {
    std::size_t width = names[column].first.size();
    for (std::size_t i = from; i < to; ++i) {
      width = std::max(width, plain(rows[i].values()[column].second).size());
    }
    widths.push_back(static_cast<int>(width));
  }
  std::printf("\n");
  for (std::size_t column = 0; column < names.size(); ++column) {
    std::printf("%*s  ", widths[column], names[column].first.c_str());
  }
  std::printf("\n");
  for (std::size_t i = from; i < to; ++i) {
    for (std::size_t column = 0; column < names.size(); ++column) {
      std::printf("%*s  ", widths[column], plain(rows[i].values()[column].second).c_str());
    }
    std::printf("\n");
  }
}

}  // namespace

Report::Report(std::string bench) : bench_(std::move(bench)) {
  std::printf("%s\n", json(bench_, machine()).c_str());
  std::fflush(stdout);
}

void Report::add(Row row) {
  std::printf("%s\n", json(bench_, row).c_str());
  std::fflush(stdout);
  rows_.push_back(std::move(row));
}

void Report::print_table() const {
  for (std::size_t from = 0; from < rows_.size();) {
    std::size_t to = from + 1;
    while (to < rows_.size() && same_names(rows_[from], rows_[to])) ++to;
    print_one_table(rows_, from, to);
    from = to;
  }
  std::fflush(stdout);
}

double median(std::vector<double> sample) {
  const auto middle = sample.begin() + static_cast<std::ptrdiff_t>(sample.size() / 2);
  std::nth_element(sample.begin(), middle, sample.end());
  if (sample.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(sample.begin(), middle)) / 2;
}

void set_spread(Row& row, const std::string& name, const std::vector<double>& sample) {
  const auto [lowest, highest] = std::minmax_element(sample.begin(), sample.end());
  row.set(name, median(sample)).set(name + "_lowest", *lowest).set(name + "_highest", *highest);
}

Memory memory() {
  const auto bytes = [](const std::string& name) -> std::uint64_t {
    const std::string text = field("/proc/self/status", name);
    return text.empty() ? 0 : std::stoull(text) << 10;
  };
  return {bytes("VmRSS"), bytes("VmHWM")};
}

}  // namespace outbox::bench
