#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "base/log.h"
#include "service/config.h"
#include "service/connection.h"
#include "service/http_types.h"

namespace outbox::service {

/// Speaks HTTP on a connection: httplib's parser and writer without its thread
/// and keep-alive handling, which lets idle clients occupy every thread.
/// serve() may run on many threads at once, on different connections.
class HttpFront {
 public:
  HttpFront(const HttpOptions& options, HttpHandler handler, Log log);
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;
  HttpFront& operator=(const HttpFront&) = delete;

  /// Serves the request that stands in the connection's buffer; reads the rest
  /// of it and writes the answer, each within io_timeout_ms without progress.
  /// False: close the connection.
  bool serve(Connection& connection, bool close_after);

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace outbox::service
