#pragma once

#include <memory>
#include <string>

#include "outbox/status.h"
#include "service/endpoint.h"
#include "service/fd.h"

namespace outbox::service {

/// A listening, non-blocking socket. The destructor removes the socket file.
class Listener {
 public:
  /// A Unix socket gets mode 0600 before anybody can connect; a socket file
  /// that nobody listens on any more is replaced. kBusy: somebody listens
  /// there; kIoError, kInvalidArgument name the address.
  static Result<std::unique_ptr<Listener>> open(const Endpoint& endpoint);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd() const { return fd_.get(); }
  /// With the real port when 0 was asked for.
  const Endpoint& endpoint() const { return endpoint_; }

 private:
  Listener(Fd fd, Endpoint endpoint) : fd_(std::move(fd)), endpoint_(std::move(endpoint)) {}
  Fd fd_;
  Endpoint endpoint_;
};

/// Does anybody accept connections on the Unix socket `path`?
bool someone_listens(const std::string& path);

}  // namespace outbox::service
