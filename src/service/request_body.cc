#include "service/request_body.h"

#include <utility>

#include "service/message_json.h"

namespace outbox::service {
namespace {

bool blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

BodyError parse_lines(std::string_view body, MessagesBody& out) {
  std::size_t number = 0;
  while (!body.empty()) {
    const auto end = body.find('\n');
    const std::string_view line = body.substr(0, end);
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    ++number;
    if (blank(line)) continue;
    auto message = parse_message(line);
    if (!message.ok()) {
      return {{Code::kInvalidArgument,
               "line " + std::to_string(number) + ": " + message.status().message()},
              number};
    }
    out.messages.push_back(std::move(*message));
    out.lines.push_back(number);
  }
  return {};
}

bool several_lines(std::string_view body) {
  const auto end = body.find('\n');
  return end != std::string_view::npos && !blank(body.substr(end));
}

}  // namespace

BodyError parse_body(const HttpRequest& request, MessagesBody& out) {
  const std::string& body = request.body;
  if (blank(body)) return {{Code::kInvalidArgument, "the body is empty"}, 0};
  const bool ndjson = request.header("content-type").find("ndjson") != std::string::npos;
  BodyError error;
  if (!ndjson) {
    auto message = parse_message(body);
    out.single = message.ok();
    if (message.ok()) {
      out.messages.push_back(std::move(*message));
      out.lines.push_back(1);
    } else if (!several_lines(body)) {
      return {message.status(), 1};
    }
  }
  if (!out.single) error = parse_lines(body, out);
  const std::string key = request.header("idempotency-key");
  for (std::size_t i = 0; error.status.ok() && !key.empty() && i < out.messages.size(); ++i) {
    std::string& id = out.messages[i].idempotency_key;
    if (id.empty()) id = out.single ? key : key + "/" + std::to_string(out.lines[i]);
  }
  return error;
}

}  // namespace outbox::service
