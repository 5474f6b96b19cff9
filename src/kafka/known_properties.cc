#include "kafka/known_properties.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace outbox::kafka {
namespace {

// A name further away than this share of its length is no slip of the pen.
constexpr std::size_t kNearDivisor = 3;
constexpr std::string_view kConsumerOnly = "C";
constexpr std::string_view kProducerOnly = "P";

std::string properties_text() {
  char* text = nullptr;
  std::size_t size = 0;
  std::FILE* stream = open_memstream(&text, &size);
  if (stream == nullptr) return {};
  rd_kafka_conf_properties_show(stream);
  (void)std::fclose(stream);
  std::string out(text, size);
  std::free(text);  // NOLINT: open_memstream gives malloc'ed memory
  return out;
}

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t") - first + 1));
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0U : 1U);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

// A row reads "name | C/P | range | default | importance | text".
std::vector<KnownProperty> known_properties() {
  std::vector<KnownProperty> out;
  std::istringstream lines(properties_text());
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find('|');
    if (first == std::string::npos) continue;
    const auto second = line.find('|', first + 1);
    if (second == std::string::npos) continue;
    const std::string name = trimmed(std::string_view(line).substr(0, first));
    const std::string who = trimmed(std::string_view(line).substr(first + 1, second - first - 1));
    if (who != "*" && who != kProducerOnly && who != kConsumerOnly) continue;
    out.push_back({name, who != kConsumerOnly, who != kProducerOnly});
  }
  return out;
}

std::string nearest_property(const std::vector<KnownProperty>& known, std::string_view name,
                             bool KnownProperty::*allowed) {
  std::string best;
  std::size_t best_distance = name.size() / kNearDivisor + 1;
  for (const auto& property : known) {
    const std::size_t distance = edit_distance(name, property.name);
    if (property.*allowed && distance < best_distance) {
      best_distance = distance;
      best = property.name;
    }
  }
  return best;
}

}  // namespace outbox::kafka
