#pragma once

#include <string>

#include "service/access.h"
#include "service/http_types.h"

namespace outbox::service {

/// What the API asks of the process around it. Thread-safe.
class Vitals {
 public:
  virtual ~Vitals() = default;
  /// OK: messages are accepted (Kafka may be down); otherwise why not.
  virtual Status ready() = 0;
  /// In Prometheus' text format.
  virtual std::string metrics() = 0;
};

/// The relay's HTTP interface, free of sockets; docs/http.md lists it:
///   POST /v1/messages         GET /v1/status       GET /v1/peek
///   GET /v1/dead              GET /v1/dead/entry   POST /v1/dead/requeue|drop
///   POST /v1/purge            GET /v1/purges       POST /v1/pause|resume|accept
///   GET /metrics  /livez  /readyz
/// Errors are {"error": {"code", "message"[, "line"]}}. Thread-safe.
class Api {
 public:
  /// Both outlive the Api.
  Api(Access& access, Vitals& vitals) : access_(access), vitals_(vitals) {}

  HttpResponse handle(const HttpRequest& request) const;

  /// The HTTP status that stands for a code.
  static int http_status(Code code);

 private:
  HttpResponse messages(const HttpRequest& request) const;
  HttpResponse status(const HttpRequest& request) const;
  HttpResponse peek(const HttpRequest& request) const;
  HttpResponse dead(const HttpRequest& request) const;
  HttpResponse dead_entry(const HttpRequest& request) const;
  HttpResponse requeue(const HttpRequest& request) const;
  HttpResponse drop(const HttpRequest& request) const;
  HttpResponse purge(const HttpRequest& request) const;
  HttpResponse purges(const HttpRequest& request) const;
  HttpResponse steer(const HttpRequest& request,
                     Status (Access::*action)(const std::string& topic)) const;
  HttpResponse pause(const HttpRequest& request) const;
  HttpResponse resume(const HttpRequest& request) const;
  HttpResponse accept(const HttpRequest& request) const;
  HttpResponse metrics(const HttpRequest& request) const;
  HttpResponse live(const HttpRequest& request) const;
  HttpResponse ready(const HttpRequest& request) const;

  struct Route {
    const char* method;
    const char* path;
    HttpResponse (Api::*handler)(const HttpRequest&) const;
  };
  static const Route kRoutes[];

  Access& access_;
  Vitals& vitals_;
};

}  // namespace outbox::service
