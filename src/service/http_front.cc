#include "service/http_front.h"

#include <httplib.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <exception>

namespace outbox::service {
namespace {

using std::chrono::milliseconds;

/// A longer path matches nothing of ours.
constexpr std::size_t kPathBytesMax = 1'024;

/// httplib's view of a connection.
class ConnectionStream final : public httplib::Stream {
 public:
  ConnectionStream(Connection& connection, milliseconds timeout)
      : connection_(connection), timeout_(timeout) {}
  ~ConnectionStream() override { connection_.buffer.erase(0, consumed_); }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* to, std::size_t size) override {
    const std::size_t left = connection_.buffer.size() - consumed_;
    if (left > 0) {
      const std::size_t count = std::min(left, size);
      connection_.buffer.copy(to, count, consumed_);
      consumed_ += count;
      return static_cast<ssize_t>(count);
    }
    if (!wait_for(POLLIN)) return -1;
    return ::recv(connection_.fd.get(), to, size, 0);
  }

  ssize_t write(const char* from, std::size_t size) override {
    std::size_t done = 0;
    while (done < size) {
      const ssize_t count = ::send(connection_.fd.get(), from + done, size - done, MSG_NOSIGNAL);
      if (count > 0) {
        done += static_cast<std::size_t>(count);
      } else if (errno != EINTR && (errno != EAGAIN || !wait_for(POLLOUT))) {
        return -1;
      }
    }
    return static_cast<ssize_t>(done);
  }

  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return connection_.fd.get(); }

 private:
  bool wait_for(short events) const {
    pollfd wanted{connection_.fd.get(), events, 0};
    return ::poll(&wanted, 1, static_cast<int>(timeout_.count())) == 1;
  }

  Connection& connection_;
  const milliseconds timeout_;
  std::size_t consumed_ = 0;
};

HttpRequest request_of(const httplib::Request& from) {
  HttpRequest request;
  request.method = from.method;
  request.path = from.path;
  request.query.insert(from.params.begin(), from.params.end());
  for (const auto& [name, value] : from.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
      return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    });
    request.headers[lower] = value;
  }
  return request;
}

void answer(HttpResponse from, httplib::Response& to) {
  to.status = from.status;
  to.set_content(from.body, from.content_type);
  if (from.retry_after.count() > 0) {
    to.set_header("Retry-After", std::to_string(from.retry_after.count()));
  }
}

HttpResponse refusal(int status, const char* code, const std::string& message) {
  HttpResponse response;
  response.status = status;
  response.body =
      std::string("{\"error\":{\"code\":\"") + code + "\",\"message\":\"" + message + "\"}}";
  return response;
}

/// httplib reads nonsense as 0, and would take the body for the next request.
bool sound_length(const httplib::Request& request) {
  const std::string text = request.get_header_value("Content-Length");
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
         (text.empty() || !request.has_header("Transfer-Encoding"));
}

/// What is in memory of one body, taken from the budget of all bodies.
class BodyShare {
 public:
  BodyShare(std::atomic<std::uint64_t>& used, std::uint64_t max) : used_(used), max_(max) {}
  ~BodyShare() { used_ -= mine_; }
  BodyShare(const BodyShare&) = delete;
  BodyShare& operator=(const BodyShare&) = delete;
  bool take(std::uint64_t bytes) {
    mine_ += bytes;
    return (used_ += bytes) <= max_;
  }

 private:
  std::atomic<std::uint64_t>& used_;
  const std::uint64_t max_;
  std::uint64_t mine_ = 0;
};

}  // namespace

class HttpFront::Server final : public httplib::Server {
 public:
  Server(const HttpOptions& options, HttpHandler handler, Log log)
      : options_(options), handler_(std::move(handler)), log_(std::move(log)) {
    keep_alive_timeout_sec_ = static_cast<time_t>(options.idle_timeout_ms.count() / 1'000);
    keep_alive_max_count_ = 1'000'000;  // only shown to the client; there is no such limit
    set_payload_max_length(options.body_bytes_max);
    set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
      return route(from, to) ? HandlerResponse::Handled : HandlerResponse::Unhandled;
    });
    Post(".*", [this](const httplib::Request& from, httplib::Response& to,
                      const httplib::ContentReader& reader) { post(from, to, reader); });
    set_exception_handler(
        [this](const httplib::Request& from, httplib::Response& to, std::exception_ptr) {
          log_->error("http: {} {} ended with an exception", from.method, from.path);
          answer(refusal(500, "kIoError", "internal error"), to);
        });
    set_error_handler([](const httplib::Request&, httplib::Response& to) {
      if (to.body.empty()) answer(refusal(to.status, "kInvalidArgument", "bad request"), to);
    });
  }

  bool serve(Connection& connection, bool close_after) {
    ConnectionStream stream(connection, options_.io_timeout_ms);
    bool closed = close_after;
    return process_request(stream, close_after, closed, nullptr) && !closed;
  }

 private:
  /// Everything but the body of a POST; true: answered.
  bool route(const httplib::Request& from, httplib::Response& to) {
    if (from.has_header("Origin")) {
      // A web page in the user's browser must not reach a loopback port.
      answer(refusal(403, "kInvalidArgument", "requests of web pages are not served"), to);
    } else if (!sound_length(from)) {
      answer(refusal(400, "kInvalidArgument", "Content-Length is not a number"), to);
    } else if (from.path.size() > kPathBytesMax) {
      answer(refusal(404, "kNotFound", "no such path"), to);
    } else if (from.method == "GET" || from.method == "HEAD") {
      answer(handler_(request_of(from)), to);
    } else if (from.method == "POST") {
      return false;
    } else {
      answer(refusal(405, "kInvalidArgument", "wanted GET or POST"), to);
    }
    // A body that was not read would be taken for the next request.
    if (from.has_header("Content-Length") || from.has_header("Transfer-Encoding")) {
      to.set_header("Connection", "close");
    }
    return true;
  }

  void post(const httplib::Request& from, httplib::Response& to,
            const httplib::ContentReader& reader) {
    BodyShare share(bodies_bytes_, options_.bodies_bytes_max);
    HttpRequest request = request_of(from);
    bool too_large = false;
    bool no_room = false;
    const bool read = reader([&](const char* bytes, std::size_t size) {
      no_room = !share.take(size);
      too_large = request.body.size() + size > options_.body_bytes_max;
      if (!no_room && !too_large) request.body.append(bytes, size);
      return !no_room && !too_large;
    });
    if (!read || no_room || too_large) {
      to.set_header("Connection", "close");
      HttpResponse refused = no_room ? refusal(503, "kFull", "too many requests at once")
                             : too_large || to.status == 413
                                 ? refusal(413, "kTooLarge", "the body is too large")
                                 : refusal(400, "kInvalidArgument", "the body cannot be read");
      if (no_room) refused.retry_after = std::chrono::seconds(1);
      return answer(std::move(refused), to);
    }
    answer(handler_(request), to);
  }

  const HttpOptions options_;
  const HttpHandler handler_;
  const Log log_;
  std::atomic<std::uint64_t> bodies_bytes_{0};
};

HttpFront::HttpFront(const HttpOptions& options, HttpHandler handler, Log log)
    : server_(std::make_unique<Server>(options, std::move(handler), std::move(log))) {}

HttpFront::~HttpFront() = default;

bool HttpFront::serve(Connection& connection, bool close_after) {
  return server_->serve(connection, close_after);
}

}  // namespace outbox::service
