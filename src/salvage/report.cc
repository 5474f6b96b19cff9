#include "salvage/report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "service/json_out.h"

namespace outbox::salvage {
namespace {

using Json = nlohmann::ordered_json;

Json line_of(const LaneReport& lane, const char* what) {
  Json json;
  if (lane.topic.empty()) {
    json["lane"] = lane.lane;
  } else {
    json["topic"] = lane.topic;
  }
  json["what"] = what;
  return json;
}

std::string lines_of(const LaneReport& lane) {
  std::string text;
  for (const Range& range : lane.ranges) {
    Json json = line_of(lane, name_of(range.fate));
    json["from"] = range.from;
    json["through"] = range.through;
    if (range.fate == Fate::kRecovered && lane.topic.empty()) json["file"] = lane.file;
    if (range.as_from > 0) {
      json["as_from"] = range.as_from;
      json["as_through"] = range.as_from + (range.through - range.from);
    }
    text += service::json_text(json) + "\n";
  }
  for (const DeadLetterLine& letter : lane.dead_letters) {
    Json json = line_of(lane, "dead-letter-copied");
    json["seq"] = letter.seq;
    json["reason"] = letter.reason;
    text += service::json_text(json) + "\n";
  }
  if (lane.dead_letters_missing > 0) {
    Json json = line_of(lane, "dead-letters-missing");
    json["count"] = lane.dead_letters_missing;
    text += service::json_text(json) + "\n";
  }
  return text;
}

}  // namespace

const char* name_of(Fate fate) {
  switch (fate) {
    case Fate::kSettled:
      return "settled";
    case Fate::kRecovered:
      return "recovered";
    case Fate::kDead:
      return "dead";
    case Fate::kMissing:
      return "missing";
  }
  return "?";
}

void LaneReport::add(Fate fate, Seq from, Seq through, Seq as_from) {
  if (through < from) return;
  if (!ranges.empty() && ranges.back().fate == fate && ranges.back().through + 1 == from) {
    ranges.back().through = through;
    return;
  }
  ranges.push_back({fate, from, through, as_from});
}

std::uint64_t LaneReport::count(Fate fate) const {
  std::uint64_t sum = 0;
  for (const Range& range : ranges) {
    if (range.fate == fate) sum += range.through - range.from + 1;
  }
  return sum;
}

std::uint64_t Report::count(Fate fate) const {
  std::uint64_t sum = 0;
  for (const LaneReport& lane : lanes) sum += lane.count(fate);
  return sum;
}

bool Report::complete() const {
  return std::all_of(lanes.begin(), lanes.end(), [](const LaneReport& lane) {
    return !lane.topic.empty() && lane.count(Fate::kMissing) == 0 && lane.dead_letters_missing == 0;
  });
}

std::string Report::ndjson() const {
  std::string text;
  for (const LaneReport& lane : lanes) text += lines_of(lane);
  for (const std::string& note : notes) {
    text += service::json_text(Json{{"what", "note"}, {"text", note}}) + "\n";
  }
  Json sum{{"what", "sum"}, {"complete", complete()}};
  for (const Fate fate : {Fate::kSettled, Fate::kRecovered, Fate::kDead, Fate::kMissing}) {
    sum[name_of(fate)] = count(fate);
  }
  return text + service::json_text(sum) + "\n";
}

}  // namespace outbox::salvage
