#include "service/json_in.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "service/message_json.h"

namespace outbox::service {
namespace {

using Json = nlohmann::json;

/// Runs `read` on the parsed text; whatever is missing or of another type in
/// it throws inside nlohmann and is caught here, the library's boundary.
template <typename T, typename Read>
Result<T> parse(std::string_view text, Read read) {
  try {
    return read(Json::parse(text));
  } catch (const std::exception& error) {
    return Status(Code::kIoError,
                  std::string("the relay's answer cannot be read: ") + error.what());
  }
}

template <typename T, typename Read>
std::vector<T> list(const Json& json, Read read) {
  std::vector<T> out;
  for (const Json& item : json) out.push_back(read(item));
  return out;
}

Appended appended(const Json& json) {
  return {json.at("seq").get<Seq>(), json.at("repeated").get<bool>()};
}

Ledger ledger(const Json& json) {
  Ledger out;
  json.at("appended").get_to(out.appended);
  json.at("delivered").get_to(out.delivered);
  json.at("pending").get_to(out.pending);
  json.at("dead").get_to(out.dead);
  json.at("requeued").get_to(out.requeued);
  json.at("purged").get_to(out.purged);
  return out;
}

LaneStats lane(const Json& json) {
  LaneStats out;
  json.at("topic").get_to(out.topic);
  out.ledger = ledger(json);
  json.at("head").get_to(out.head);
  json.at("tail").get_to(out.tail);
  json.at("oldest_age_ms").get_to(out.oldest_age_ms);
  json.at("state").get_to(out.state);
  json.at("partitions").get_to(out.partitions);
  return out;
}

Stats stats(const Json& json) {
  Stats out;
  json.at("outbox_id").get_to(out.outbox_id);
  json.at("session").get_to(out.session);
  json.at("disk_bytes").get_to(out.disk_bytes);
  out.ledger = ledger(json.at("ledger"));
  out.lanes = list<LaneStats>(json.at("topics"), lane);
  return out;
}

StoredEntry entry(const Json& json) {
  auto message = parse_message(json.at("message").dump());
  if (!message.ok()) throw std::runtime_error(message.status().message());
  return {std::move(*message), json.at("seq").get<Seq>(), json.at("session").get<std::uint64_t>()};
}

DeadLetter dead_letter(const Json& json) {
  DeadLetter out;
  out.entry = entry(json);
  json.at("reason").get_to(out.reason);
  json.at("partition").get_to(out.partition);
  json.at("died_at_ms").get_to(out.died_at_ms);
  json.at("requeued_as").get_to(out.requeued_as);
  return out;
}

PurgeRecord purge(const Json& json) {
  PurgeRecord out;
  json.at("topic").get_to(out.topic);
  json.at("from").get_to(out.from);
  json.at("through").get_to(out.through);
  json.at("count").get_to(out.count);
  json.at("at_ms").get_to(out.at_ms);
  json.at("who").get_to(out.who);
  return out;
}

Code code_of(std::string_view name) {
#define OUTBOX_STATUS_CODE(code, text, action) \
  if (name == #code) return Code::code;
#include "outbox/status_codes.inc"
#undef OUTBOX_STATUS_CODE
  return Code::kIoError;
}

}  // namespace

Result<std::vector<Appended>> parse_appended(std::string_view json) {
  return parse<std::vector<Appended>>(json, [](const Json& root) {
    if (root.contains("messages")) return list<Appended>(root.at("messages"), appended);
    return std::vector<Appended>{appended(root)};
  });
}

Result<Stats> parse_stats(std::string_view json) { return parse<Stats>(json, stats); }

Result<std::vector<StoredEntry>> parse_entries(std::string_view json) {
  return parse<std::vector<StoredEntry>>(
      json, [](const Json& root) { return list<StoredEntry>(root.at("entries"), entry); });
}

Result<std::vector<DeadLetter>> parse_dead_letters(std::string_view json) {
  return parse<std::vector<DeadLetter>>(
      json, [](const Json& root) { return list<DeadLetter>(root.at("dead"), dead_letter); });
}

Result<DeadLetter> parse_dead_letter(std::string_view json) {
  return parse<DeadLetter>(json, dead_letter);
}

Result<PurgeRecord> parse_purge(std::string_view json) { return parse<PurgeRecord>(json, purge); }

Result<std::vector<PurgeRecord>> parse_purges(std::string_view json) {
  return parse<std::vector<PurgeRecord>>(
      json, [](const Json& root) { return list<PurgeRecord>(root.at("purges"), purge); });
}

Status parse_error(std::string_view json) {
  using Failure = std::pair<Code, std::string>;
  auto failure = parse<Failure>(json, [](const Json& root) {
    const Json& error = root.at("error");
    return Failure(code_of(error.at("code").get<std::string>()),
                   error.at("message").get<std::string>());
  });
  if (!failure.ok()) return failure.status();
  return {failure->first, failure->second};
}

}  // namespace outbox::service
