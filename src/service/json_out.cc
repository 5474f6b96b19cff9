#include "service/json_out.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "service/json_text.h"
#include "service/text.h"

namespace outbox::service {
namespace {

using Json = nlohmann::ordered_json;

/// JSON spends six bytes on a control character: where there are many, base64 is shorter. A few
/// stay readable.
bool fits_json_string(const std::string& bytes) {
  const auto control = std::count_if(bytes.begin(), bytes.end(),
                                     [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return static_cast<std::size_t>(control) * 16 <= bytes.size() + 64 && is_utf8(bytes);
}

void put_bytes(Json& json, const std::string& name, const std::optional<std::string>& bytes) {
  if (!bytes) {
    json[name] = nullptr;
  } else if (fits_json_string(*bytes)) {
    json[name] = *bytes;
  } else {
    json[name + "_base64"] = base64_encode(*bytes);
  }
}

bool fits_header_map(const std::vector<Header>& headers) {
  for (const Header& header : headers) {
    if (header.value && !fits_json_string(*header.value)) return false;
    const auto same = std::count_if(headers.begin(), headers.end(),
                                    [&](const Header& each) { return each.name == header.name; });
    if (same != 1) return false;
  }
  return true;
}

Json headers_json(const std::vector<Header>& headers) {
  if (fits_header_map(headers)) {
    Json map = Json::object();
    for (const Header& header : headers) {
      map[header.name] = header.value ? Json(*header.value) : Json(nullptr);
    }
    return map;
  }
  Json list = Json::array();
  for (const Header& header : headers) {
    Json item{{"name", header.name}};
    put_bytes(item, "value", header.value);
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace

Json message_json(const Message& message) {
  Json json{{"topic", message.topic}};
  if (message.key) put_bytes(json, "key", message.key);
  put_bytes(json, "value", message.value);
  if (!message.headers.empty()) json["headers"] = headers_json(message.headers);
  if (message.partition) json["partition"] = *message.partition;
  if (message.timestamp_ms) json["timestamp_ms"] = *message.timestamp_ms;
  if (!message.idempotency_key.empty()) json["id"] = message.idempotency_key;
  return json;
}

Json entry_json(const StoredEntry& entry) {
  Json json{{"seq", entry.seq}, {"session", entry.session}};
  json["message"] = message_json(entry.message);
  return json;
}

Json dead_letter_json(const DeadLetter& letter) {
  Json json = entry_json(letter.entry);
  json["reason"] = letter.reason;
  json["partition"] = letter.partition;
  json["died_at_ms"] = letter.died_at_ms;
  json["requeued_as"] = letter.requeued_as;
  return json;
}

Json ledger_json(const Ledger& ledger) {
  return {{"appended", ledger.appended},  {"delivered", ledger.delivered},
          {"pending", ledger.pending},    {"dead", ledger.dead},
          {"requeued", ledger.requeued},  {"purged", ledger.purged},
          {"balanced", ledger.balanced()}};
}

Json stats_json(const Stats& stats) {
  Json json{{"outbox_id", stats.outbox_id},
            {"session", stats.session},
            {"disk_bytes", stats.disk_bytes},
            {"ledger", ledger_json(stats.ledger)}};
  json["topics"] = Json::array();
  for (const LaneStats& lane : stats.lanes) {
    Json row{{"topic", lane.topic}};
    row.update(ledger_json(lane.ledger));
    row["head"] = lane.head;
    row["tail"] = lane.tail;
    row["oldest_age_ms"] = lane.oldest_age_ms;
    row["state"] = lane.state;
    row["partitions"] = lane.partitions;
    json["topics"].push_back(std::move(row));
  }
  return json;
}

Json purge_json(const PurgeRecord& record) {
  return {{"topic", record.topic}, {"from", record.from},   {"through", record.through},
          {"count", record.count}, {"at_ms", record.at_ms}, {"who", record.who}};
}

std::string stats_text(const Stats& stats) { return json_text(stats_json(stats)); }
std::string entry_text(const StoredEntry& entry) { return json_text(entry_json(entry)); }
std::string dead_letter_text(const DeadLetter& letter) {
  return json_text(dead_letter_json(letter));
}
std::string purge_text(const PurgeRecord& record) { return json_text(purge_json(record)); }

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace outbox::service
