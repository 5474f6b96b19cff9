#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

namespace outbox::service {

/// A request, free of any HTTP library.
struct HttpRequest {
  std::string method;
  std::string path;
  std::map<std::string, std::string> query;
  /// Names in lower case; the last one of several wins.
  std::map<std::string, std::string> headers;
  std::string body;

  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  /// Non-zero: a Retry-After header.
  std::chrono::seconds retry_after{0};
};

/// The Prometheus text format.
inline constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

inline HttpResponse text_response(int status, std::string text,
                                  const char* type = "text/plain; charset=utf-8") {
  HttpResponse response;
  response.status = status;
  response.content_type = type;
  response.body = std::move(text);
  return response;
}

/// Called on several threads at once; must not throw.
using HttpHandler = std::function<HttpResponse(const HttpRequest&)>;

}  // namespace outbox::service
