#include "service/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace outbox::service {
namespace {

/// Connections that wait to be accepted; the kernel cuts it to somaxconn.
constexpr int kBacklog = 511;

Status failed(const Endpoint& endpoint, const std::string& what, int error) {
  const Code code = error == EADDRINUSE ? Code::kBusy : Code::kIoError;
  return {code, "cannot listen on " + endpoint.text() + ": " + what + ": " +
                    std::generic_category().message(error)};
}

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof(address.sun_path) - 1));
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);  // the socket API's own way
}

Fd new_socket(int family) {
  return Fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

Result<Fd> listen_unix(const Endpoint& endpoint) {
  struct stat info {};
  if (::lstat(endpoint.path.c_str(), &info) == 0) {
    if (!S_ISSOCK(info.st_mode)) return failed(endpoint, "the path is taken by a file", EEXIST);
    if (someone_listens(endpoint.path)) return failed(endpoint, "in use", EADDRINUSE);
    ::unlink(endpoint.path.c_str());
  }
  Fd fd = new_socket(AF_UNIX);
  // Linux takes the file's mode from the socket, so there is no moment in which others may connect.
  if (!fd || ::fchmod(fd.get(), S_IRUSR | S_IWUSR) != 0) return failed(endpoint, "socket", errno);
  const sockaddr_un address = address_of(endpoint.path);
  if (::bind(fd.get(), generic(address), sizeof(address)) != 0) {
    return failed(endpoint, "bind", errno);
  }
  if (::listen(fd.get(), kBacklog) != 0) return failed(endpoint, "listen", errno);
  return fd;
}

Result<Fd> listen_tcp(Endpoint& endpoint) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(endpoint.port);
  if (const int error = ::getaddrinfo(endpoint.host.c_str(), port.c_str(), &hints, &found);
      error != 0) {
    return Status(Code::kInvalidArgument,
                  "cannot listen on " + endpoint.text() + ": " + ::gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(found, &::freeaddrinfo);
  Fd fd = new_socket(found->ai_family);
  const int on = 1;
  if (!fd || ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
    return failed(endpoint, "socket", errno);
  }
  if (::bind(fd.get(), found->ai_addr, found->ai_addrlen) != 0) {
    return failed(endpoint, "bind", errno);
  }
  if (::listen(fd.get(), kBacklog) != 0) return failed(endpoint, "listen", errno);
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0) {
    endpoint.port =
        ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                          : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  }
  return fd;
}

}  // namespace

bool someone_listens(const std::string& path) {
  const Fd fd = new_socket(AF_UNIX);
  const sockaddr_un address = address_of(path);
  // EAGAIN: a listener whose queue is full is a listener.
  return fd && (::connect(fd.get(), generic(address), sizeof(address)) == 0 || errno == EAGAIN);
}

Result<std::unique_ptr<Listener>> Listener::open(const Endpoint& endpoint) {
  Endpoint actual = endpoint;
  auto fd = endpoint.is_unix() ? listen_unix(actual) : listen_tcp(actual);
  if (!fd.ok()) return fd.status();
  return std::unique_ptr<Listener>(new Listener(std::move(*fd), std::move(actual)));
}

Listener::~Listener() {
  if (endpoint_.is_unix()) ::unlink(endpoint_.path.c_str());
}

}  // namespace outbox::service
