#include "service/http_server.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "base/thread_name.h"

namespace outbox::service {
namespace {

constexpr int kEventsMax = 64;
/// How often timeouts of connections are looked at.
constexpr int kTickMs = 500;
constexpr std::size_t kReceiveBytes = 16 * 1024;
/// What a client may still be sending when it was answered early, e.g. with 413.
constexpr int kDrainReadsMax = 64;
constexpr int kDrainWaitMs = 200;

/// Closing with unread input makes the kernel send a reset, which can destroy the answer.
void end_politely(int fd) {
  ::shutdown(fd, SHUT_WR);
  std::array<char, kReceiveBytes> bytes{};
  for (int i = 0; i < kDrainReadsMax; ++i) {
    pollfd wanted{fd, POLLIN, 0};
    if (::poll(&wanted, 1, kDrainWaitMs) != 1) return;
    if (::recv(fd, bytes.data(), bytes.size(), 0) <= 0) return;
  }
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(std::unique_ptr<Listener> listener,
                                                      const HttpOptions& options,
                                                      HttpHandler handler, Log log) {
  std::unique_ptr<HttpServer> server(
      new HttpServer(std::move(listener), options, std::move(handler), std::move(log)));
  if (!server->epoll_ || !server->wake_) {
    return Status(Code::kIoError, "cannot start the HTTP server: too many open files");
  }
  server->thread_ = std::thread([raw = server.get()] { raw->loop(); });
  return server;
}

HttpServer::HttpServer(std::unique_ptr<Listener> listener, const HttpOptions& options,
                       HttpHandler handler, Log log)
    : options_(options),
      log_(log),
      listener_(std::move(listener)),
      front_(options, std::move(handler), log),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      readers_(std::make_unique<WorkerPool>(options.read_threads)),
      writers_(std::make_unique<WorkerPool>(options.write_threads)) {
  watch(EPOLL_CTL_ADD, wake_.get());
  watch(EPOLL_CTL_ADD, listener_->fd());
}

HttpServer::~HttpServer() { stop(); }

void HttpServer::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
  readers_.reset();
  writers_.reset();
}

void HttpServer::watch(int operation, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  ::epoll_ctl(epoll_.get(), operation, fd, &event);
}

void HttpServer::loop() {
  name_thread("outbox-http");
  while (true) {
    std::array<epoll_event, kEventsMax> events{};
    const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsMax, kTickMs);
    for (int i = 0; i < count; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == wake_.get()) {
        eventfd_t ignored = 0;
        ::eventfd_read(wake_.get(), &ignored);
      } else if (fd == listener_->fd()) {
        if (!stopping_) accept_all();
      } else {
        receive(fd);
      }
    }
    take_back();
    close_expired();
    if (stopping_) {
      if (accepting_) pause_accepting(0);
      close_idle(0);
      if (serving_ == 0) return;
    }
  }
}

void HttpServer::accept_all() {
  while (true) {
    if (serving_ >= options_.connections_max) {
      return pause_accepting(0);
    }
    Fd fd(::accept4(listener_->fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fd) {
      // Out of descriptors: an idle connection gives its own up.
      if (errno == EMFILE || errno == ENFILE) {
        if (idle_.empty()) return pause_accepting(clock_.mono_ms() + kTickMs);
        close_idle(idle_.size() - 1);
      }
      return;
    }
    // Room is made only for one that came: whoever has been idle longest loses least.
    if (idle_.size() + serving_ >= options_.connections_max) close_idle(idle_.size() - 1);
    auto connection = std::make_unique<Connection>();
    connection->fd = std::move(fd);
    park(std::move(connection));
  }
}

void HttpServer::pause_accepting(std::int64_t until_ms) {
  watch(EPOLL_CTL_DEL, listener_->fd());
  accepting_ = false;
  accept_again_ms_ = until_ms;
}

void HttpServer::park(ConnectionPtr connection) {
  connection->last_used_ms = clock_.mono_ms();
  const int fd = connection->fd.get();
  idle_.push_back(std::move(connection));
  by_fd_[fd] = std::prev(idle_.end());
  watch(EPOLL_CTL_ADD, fd);
}

void HttpServer::receive(int fd) {
  const auto found = by_fd_.find(fd);
  if (found == by_fd_.end()) return;
  Connection& connection = **found->second;
  std::array<char, kReceiveBytes> bytes{};
  const ssize_t count = ::recv(fd, bytes.data(), bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count > 0) connection.buffer.append(bytes.data(), static_cast<std::size_t>(count));
  const bool ready = connection.has_request();
  if (count > 0 && !ready && connection.buffer.size() <= Connection::kHeaderBytesMax) return;
  ConnectionPtr owned = std::move(*found->second);
  idle_.erase(found->second);
  by_fd_.erase(found);
  watch(EPOLL_CTL_DEL, fd);
  if (ready && count > 0) dispatch(std::move(owned));
}

void HttpServer::dispatch(ConnectionPtr connection) {
  ++serving_;
  WorkerPool& pool = connection->only_reads() ? *readers_ : *writers_;
  // std::function wants copyable captures.
  std::shared_ptr<Connection> shared = std::move(connection);
  pool.submit([this, shared]() mutable {
    const bool keep = front_.serve(*shared, stopping_);
    ConnectionPtr back;
    if (keep) {
      back = std::make_unique<Connection>(std::move(*shared));
    } else {
      end_politely(shared->fd.get());
    }
    shared.reset();
    give_back(std::move(back));
  });
}

void HttpServer::give_back(ConnectionPtr connection) {
  {
    const std::lock_guard lock(mutex_);
    returned_.push_back(std::move(connection));
  }
  ::eventfd_write(wake_.get(), 1);
}

void HttpServer::take_back() {
  std::vector<ConnectionPtr> returned;
  {
    const std::lock_guard lock(mutex_);
    returned.swap(returned_);
  }
  for (ConnectionPtr& connection : returned) {
    --serving_;
    if (!connection) continue;
    if (connection->has_request()) {
      dispatch(std::move(connection));
    } else {
      park(std::move(connection));
    }
  }
  if (!accepting_ && !stopping_ && serving_ < options_.connections_max &&
      clock_.mono_ms() >= accept_again_ms_) {
    watch(EPOLL_CTL_ADD, listener_->fd());
    accepting_ = true;
  }
}

void HttpServer::close_expired() {
  const std::int64_t now_ms = clock_.mono_ms();
  for (auto each = idle_.begin(); each != idle_.end();) {
    const Connection& connection = **each;
    const auto limit =
        connection.buffer.empty() ? options_.idle_timeout_ms : options_.io_timeout_ms;
    if (now_ms - connection.last_used_ms < limit.count()) {
      ++each;
      continue;
    }
    by_fd_.erase(connection.fd.get());
    each = idle_.erase(each);
  }
}

void HttpServer::close_idle(std::size_t keep) {
  while (idle_.size() > keep) {
    by_fd_.erase(idle_.front()->fd.get());
    idle_.pop_front();
  }
}

}  // namespace outbox::service
