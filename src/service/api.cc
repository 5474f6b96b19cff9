#include "service/api.h"

#include <algorithm>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "service/json_out.h"
#include "service/request_body.h"
#include "service/units.h"

namespace outbox::service {
namespace {

using Json = nlohmann::ordered_json;

/// One answer's worth; a client that wants more asks again with `from`.
constexpr std::uint64_t kListEntriesMax = 10'000;
constexpr std::uint64_t kListEntriesDefault = 10;
constexpr std::chrono::seconds kRetryAfter{1};

HttpResponse json_response(const Json& json) {
  HttpResponse response;
  response.body = json_text(json) + "\n";
  return response;
}

HttpResponse failure(const Status& status, std::size_t line = 0) {
  Json error{{"code", code_name(status.code())}, {"message", status.message()}};
  if (line != 0) error["line"] = line;
  HttpResponse response = json_response({{"error", error}});
  response.status = Api::http_status(status.code());
  if (response.status == 503) response.retry_after = kRetryAfter;
  return response;
}

HttpResponse done(const Status& status) {
  return status.ok() ? json_response({{"ok", true}}) : failure(status);
}

std::string query(const HttpRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

Result<std::uint64_t> number(const HttpRequest& request, const std::string& name,
                             std::uint64_t otherwise) {
  if (!request.query.contains(name)) return otherwise;
  auto value = parse_count(query(request, name));
  if (!value.ok()) return Status(Code::kInvalidArgument, name + ": " + value.status().message());
  return value;
}

/// What changes something is not done for a query that may be a slip of the pen: a name nobody
/// knows would be taken for one left out, which often means all.
Status only(const HttpRequest& request, std::initializer_list<std::string_view> names) {
  for (const auto& [name, value] : request.query) {
    if (std::ranges::find(names, name) == names.end()) {
      return {Code::kInvalidArgument, "unknown query parameter " + name};
    }
  }
  return {};
}

/// The entry a request is about.
struct Target {
  std::string topic;
  Seq seq = 0;
};

Result<Target> target(const HttpRequest& request) {
  const auto seq = number(request, "seq", 0);
  if (!seq.ok()) return seq.status();
  Target out{query(request, "topic"), *seq};
  if (out.topic.empty() || out.seq == 0) {
    return Status(Code::kInvalidArgument, "wanted ?topic=TOPIC&seq=SEQ");
  }
  return out;
}

std::string who(const HttpRequest& request) {
  const std::string name = query(request, "who");
  return name.empty() ? "http" : name;
}

}  // namespace

int Api::http_status(Code code) {
  switch (code) {
    case Code::kOk:
      return 200;
    case Code::kInvalidArgument:
    case Code::kUnsafeSetting:
      return 400;
    case Code::kNotFound:
      return 404;
    case Code::kTooLarge:
      return 413;
    case Code::kFull:
    case Code::kDiskFull:
    case Code::kPoisoned:
    case Code::kBusy:
    case Code::kClosed:
      return 503;
    case Code::kTimeout:
      return 504;
    case Code::kIndeterminate:
    case Code::kCorruption:
    case Code::kUnknownVersion:
    case Code::kIoError:
    case Code::kKafka:
      return 500;
  }
  return 500;
}

const Api::Route Api::kRoutes[] = {
    {"POST", "/v1/messages", &Api::messages},
    {"GET", "/v1/status", &Api::status},
    {"GET", "/v1/peek", &Api::peek},
    {"GET", "/v1/dead", &Api::dead},
    {"GET", "/v1/dead/entry", &Api::dead_entry},
    {"POST", "/v1/dead/requeue", &Api::requeue},
    {"POST", "/v1/dead/drop", &Api::drop},
    {"POST", "/v1/purge", &Api::purge},
    {"GET", "/v1/purges", &Api::purges},
    {"POST", "/v1/pause", &Api::pause},
    {"POST", "/v1/resume", &Api::resume},
    {"POST", "/v1/accept", &Api::accept},
    {"GET", "/metrics", &Api::metrics},
    {"GET", "/livez", &Api::live},
    {"GET", "/readyz", &Api::ready},
};

HttpResponse Api::handle(const HttpRequest& request) const {
  std::string_view method = request.method;
  if (method == "HEAD") method = "GET";
  bool known = false;
  for (const Route& route : kRoutes) {
    if (request.path != route.path) continue;
    known = true;
    if (method == route.method) return (this->*route.handler)(request);
  }
  HttpResponse response = failure(
      known ? Status(Code::kInvalidArgument, request.method + " is not served on " + request.path)
            : Status(Code::kNotFound, "no such path; see docs/http.md"));
  if (known) response.status = 405;
  return response;
}

HttpResponse Api::messages(const HttpRequest& request) const {
  MessagesBody body;
  if (const BodyError error = parse_body(request, body); !error.status.ok()) {
    return failure(error.status, error.line);
  }
  const auto appended = access_.append(body.messages);
  if (!appended.ok()) return failure(appended.status());
  Json list = Json::array();
  for (std::size_t i = 0; i < appended->size(); ++i) {
    list.push_back({{"topic", body.messages[i].topic},
                    {"seq", (*appended)[i].seq},
                    {"repeated", (*appended)[i].repeated}});
  }
  return json_response(body.single ? list.at(0) : Json{{"messages", list}});
}

HttpResponse Api::status(const HttpRequest&) const {
  const auto stats = access_.stats();
  return stats.ok() ? json_response(stats_json(*stats)) : failure(stats.status());
}

HttpResponse Api::peek(const HttpRequest& request) const {
  const auto from = number(request, "from", 0);
  if (!from.ok()) return failure(from.status());
  const auto count = number(request, "count", kListEntriesDefault);
  if (!count.ok()) return failure(count.status());
  const std::string topic = query(request, "topic");
  if (topic.empty()) return failure({Code::kInvalidArgument, "wanted ?topic=TOPIC"});
  const auto entries = access_.peek(topic, *from, std::min(*count, kListEntriesMax));
  if (!entries.ok()) return failure(entries.status());
  Json list = Json::array();
  for (const StoredEntry& entry : *entries) list.push_back(entry_json(entry));
  return json_response({{"entries", list}});
}

HttpResponse Api::dead(const HttpRequest& request) const {
  const auto from = number(request, "from", 0);
  if (!from.ok()) return failure(from.status());
  const auto count = number(request, "count", kListEntriesDefault);
  if (!count.ok()) return failure(count.status());
  const auto letters =
      access_.dead_letters(query(request, "topic"), *from, std::min(*count, kListEntriesMax));
  if (!letters.ok()) return failure(letters.status());
  Json list = Json::array();
  for (const DeadLetter& letter : *letters) list.push_back(dead_letter_json(letter));
  return json_response({{"dead", list}});
}

HttpResponse Api::dead_entry(const HttpRequest& request) const {
  const auto entry = target(request);
  if (!entry.ok()) return failure(entry.status());
  const auto letter = access_.dead_letter(entry->topic, entry->seq);
  return letter.ok() ? json_response(dead_letter_json(*letter)) : failure(letter.status());
}

HttpResponse Api::requeue(const HttpRequest& request) const {
  const auto entry = target(request);
  if (!entry.ok()) return failure(entry.status());
  const auto appended = access_.requeue(entry->topic, entry->seq);
  if (!appended.ok()) return failure(appended.status());
  return json_response(
      {{"topic", entry->topic}, {"seq", appended->seq}, {"repeated", appended->repeated}});
}

HttpResponse Api::drop(const HttpRequest& request) const {
  const auto entry = target(request);
  if (!entry.ok()) return failure(entry.status());
  return done(access_.drop_dead_letter(entry->topic, entry->seq, who(request)));
}

HttpResponse Api::purge(const HttpRequest& request) const {
  if (Status known = only(request, {"topic", "through", "who"}); !known.ok()) return failure(known);
  const auto through = number(request, "through", 0);
  if (!through.ok()) return failure(through.status());
  if (*through == 0 && request.query.contains("through")) {
    return failure({Code::kInvalidArgument, "through: wanted 1 or more; without it all are meant"});
  }
  const std::string topic = query(request, "topic");
  if (topic.empty()) return failure({Code::kInvalidArgument, "wanted ?topic=TOPIC"});
  const auto record = access_.purge(topic, *through, who(request));
  return record.ok() ? json_response(purge_json(*record)) : failure(record.status());
}

HttpResponse Api::purges(const HttpRequest&) const {
  const auto records = access_.purges();
  if (!records.ok()) return failure(records.status());
  Json list = Json::array();
  for (const PurgeRecord& record : *records) list.push_back(purge_json(record));
  return json_response({{"purges", list}});
}

HttpResponse Api::steer(const HttpRequest& request,
                        Status (Access::*action)(const std::string& topic)) const {
  const Status known = only(request, {"topic"});
  return known.ok() ? done((access_.*action)(query(request, "topic"))) : failure(known);
}

HttpResponse Api::pause(const HttpRequest& request) const { return steer(request, &Access::pause); }
HttpResponse Api::resume(const HttpRequest& request) const {
  return steer(request, &Access::resume);
}
HttpResponse Api::accept(const HttpRequest& request) const {
  return steer(request, &Access::accept);
}

HttpResponse Api::metrics(const HttpRequest&) const {
  return text_response(200, vitals_.metrics(), kMetricsType);
}

HttpResponse Api::live(const HttpRequest&) const { return text_response(200, "alive\n"); }

HttpResponse Api::ready(const HttpRequest&) const {
  const Status status = vitals_.ready();
  if (status.ok()) return text_response(200, "ready\n");
  HttpResponse response = text_response(503, "not ready: " + status.message() + "\n");
  response.retry_after = kRetryAfter;
  return response;
}

}  // namespace outbox::service
