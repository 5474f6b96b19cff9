#include "service/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "fake_access.h"
#include "service/relay_client.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace outbox::service {
namespace {

using namespace std::chrono_literals;
using Catch::Contains;

/// A client that sends and reads bytes.
class RawClient {
 public:
  explicit RawClient(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  bool connected() const { return connected_; }
  void send(const std::string& bytes) const {
    static_cast<void>(!::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  }
  /// Until `count` answers with their bodies are there, the end, or the deadline.
  std::string receive(const std::string& until, std::chrono::milliseconds timeout = 5s) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::string bytes;
    while (bytes.find(until) == std::string::npos || until.empty()) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      pollfd wanted{fd_.get(), POLLIN, 0};
      if (left.count() <= 0 || ::poll(&wanted, 1, static_cast<int>(left.count())) != 1) break;
      char buffer[4'096];
      const ssize_t count = ::recv(fd_.get(), buffer, sizeof(buffer), 0);
      if (count <= 0) {
        closed_ = true;
        break;
      }
      bytes.append(buffer, static_cast<std::size_t>(count));
    }
    return bytes;
  }
  bool closed() const { return closed_; }

 private:
  Fd fd_;
  bool connected_ = false;
  bool closed_ = false;
};

class ServerFixture {
 protected:
  ServerFixture() { options_.write_threads = options_.read_threads = 2; }

  void start() {
    const auto endpoint = parse_endpoint("unix:" + (dir_.path() / "s").string());
    auto listener = Listener::open(*endpoint);
    REQUIRE(listener.ok());
    path_ = endpoint->path;
    auto server = HttpServer::start(
        std::move(*listener), options_,
        [this](const HttpRequest& request) { return handle(request); }, null_logger());
    REQUIRE(server.ok());
    server_ = std::move(*server);
  }
  HttpResponse handle(const HttpRequest& request) {
    if (request.path == "/wait") {
      std::unique_lock lock(mutex_);
      ++waiting_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return open_; });
    }
    if (request.path == "/echo") {
      HttpResponse response;
      response.body = request.method + " " + request.header("x-test") + " " + request.body;
      return response;
    }
    return api_.handle(request);
  }
  void wait_for_waiting(int count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, 10s, [&] { return waiting_ >= count; }));
  }
  void open_gate() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  ~ServerFixture() { open_gate(); }

  std::string ask(const std::string& request, const std::string& until) {
    RawClient client(path_);
    REQUIRE(client.connected());
    client.send(request);
    return client.receive(until);
  }

  test::TempDir dir_;
  HttpOptions options_;
  std::string path_;
  FakeAccess access_;
  Api api_{access_, access_};
  std::mutex mutex_;
  std::condition_variable changed_;
  int waiting_ = 0;
  bool open_ = false;
  std::unique_ptr<HttpServer> server_;
};

constexpr const char* kReady = "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_CASE_METHOD(ServerFixture, "a socket that only its owner may open") {
  start();
  struct stat info {};
  REQUIRE(::stat(path_.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  server_.reset();
  CHECK(::stat(path_.c_str(), &info) != 0);
}

TEST_CASE_METHOD(ServerFixture, "requests on one connection, pipelined and one by one") {
  start();
  RawClient client(path_);
  for (int i = 0; i < 10; ++i) {
    client.send(kReady);
    CHECK_THAT(client.receive("ready\n"), Contains("200 OK"));
  }
  client.send(std::string(kReady) +
              "POST /echo HTTP/1.1\r\nX-Test: a\r\nContent-Length: 3\r\n\r\nxyz" +
              "GET /livez HTTP/1.1\r\n\r\n");
  CHECK_THAT(client.receive("alive\n"), Contains("ready\n") && Contains("POST a xyz"));
}

TEST_CASE_METHOD(ServerFixture, "readyz is answered while idle and dawdling clients hold on") {
  options_.io_timeout_ms = 60s;
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 60; ++i) {
    clients.push_back(std::make_unique<RawClient>(path_));
    REQUIRE(clients.back()->connected());
    // Idle from the start, idle after a request, stuck in the headers.
    if (i % 3 == 1) {
      clients.back()->send(kReady);
      CHECK_THAT(clients.back()->receive("ready\n"), Contains("200 OK"));
    }
    if (i % 3 == 2) clients.back()->send("GET /readyz HTTP/1.1\r\nHost:");
  }
  const auto start_time = std::chrono::steady_clock::now();
  CHECK_THAT(ask(kReady, "ready\n"), Contains("200 OK"));
  CHECK(std::chrono::steady_clock::now() - start_time < 2s);
  // And the dawdlers are served once they go on.
  clients[2]->send(" x\r\n\r\n");
  CHECK_THAT(clients[2]->receive("ready\n"), Contains("200 OK"));
}

TEST_CASE_METHOD(ServerFixture, "readyz is answered while every writing thread waits") {
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(path_));
    clients.back()->send("POST /wait HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  }
  wait_for_waiting(2);
  CHECK_THAT(ask(kReady, "ready\n"), Contains("200 OK"));
  open_gate();
  for (auto& client : clients) CHECK_THAT(client->receive("\r\n\r\n"), Contains("404"));
}

TEST_CASE_METHOD(ServerFixture, "a slow body costs a writing thread, not the health check") {
  options_.io_timeout_ms = 300ms;
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(path_));
    clients.back()->send("POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\nab");
  }
  CHECK_THAT(ask(kReady, "ready\n"), Contains("200 OK"));
  for (auto& client : clients) CHECK_THAT(client->receive("cannot be read"), Contains("400"));
}

TEST_CASE_METHOD(ServerFixture, "idle connections are closed after their time") {
  options_.idle_timeout_ms = 50ms;
  start();
  RawClient client(path_);
  client.send(kReady);
  client.receive("ready\n");
  client.receive("");
  CHECK(client.closed());
}

TEST_CASE_METHOD(ServerFixture, "at the limit one idle connection makes room, and only one") {
  options_.connections_max = 3;
  start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<RawClient>(path_));
    clients.back()->send(kReady);
    CHECK_THAT(clients.back()->receive("ready\n"), Contains("200 OK"));
  }
  int answered = 0;
  for (const auto& client : clients) {
    client->send(kReady);
    answered += client->receive("ready\n").find("200 OK") != std::string::npos ? 1 : 0;
  }
  CHECK(answered == 3);
}

TEST_CASE_METHOD(ServerFixture, "bodies have limits: one, and all together") {
  options_.body_bytes_max = 1'000;
  options_.bodies_bytes_max = 100'000;
  start();
  CHECK_THAT(
      ask("POST /echo HTTP/1.1\r\nContent-Length: 2000\r\n\r\n" + std::string(2'000, 'x'), "}"),
      Contains("413"));
  // Without a length: chunked.
  CHECK_THAT(ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" +
                     std::string(2'000, 'x') + "\r\n0\r\n\r\n",
                 "}"),
             Contains("413"));
  CHECK_THAT(ask("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
                 "POST  abc"),
             Contains("200 OK") && Contains("POST  abc"));
}

TEST_CASE_METHOD(ServerFixture, "bodies that together exceed the budget are refused with 503") {
  options_.bodies_bytes_max = 1'000;
  start();
  CHECK_THAT(
      ask("POST /echo HTTP/1.1\r\nContent-Length: 2000\r\n\r\n" + std::string(2'000, 'x'), "}"),
      Contains("503") && Contains("Retry-After"));
  // What was taken from the budget is given back.
  CHECK_THAT(
      ask("POST /echo HTTP/1.1\r\nContent-Length: 900\r\n\r\n" + std::string(900, 'x'), "xx"),
      Contains("200 OK"));
}

TEST_CASE_METHOD(ServerFixture, "nonsense is answered or dropped, and the server lives") {
  start();
  for (const char* bad : {"\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                          "\x16\x03\x01\r\n\r\n", "PUT /x HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
                          "POST /echo HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
                          "GET /readyz HTTP/1.1\r\nOrigin: http://evil\r\n\r\n"}) {
    RawClient client(path_);
    client.send(bad);
    CHECK_THAT(client.receive("\r\n\r\n", 500ms), !Contains("200 OK"));
  }
  RawClient flood(path_);
  flood.send("GET /" + std::string(200'000, 'a'));
  flood.receive("", 2s);
  CHECK(flood.closed());
  CHECK_THAT(ask("GET /" + std::string(5'000, 'a') + " HTTP/1.1\r\n\r\n", "}"), Contains("404"));
  CHECK_THAT(ask(kReady, "ready\n"), Contains("200 OK"));
}

TEST_CASE_METHOD(ServerFixture, "stop closes idle clients and waits for running requests") {
  start();
  RawClient idle(path_);
  idle.send(kReady);
  idle.receive("ready\n");
  RawClient busy(path_);
  busy.send("POST /wait HTTP/1.1\r\nContent-Length: 0\r\n\r\n");
  wait_for_waiting(1);
  std::atomic<bool> stopped{false};
  std::thread stopping([&] {
    server_->stop();
    stopped = true;
  });
  idle.receive("");
  CHECK(idle.closed());
  CHECK_FALSE(stopped);
  open_gate();
  CHECK_THAT(busy.receive("}"), Contains("404"));
  stopping.join();
  CHECK(stopped);
}

TEST_CASE_METHOD(ServerFixture, "the client speaks to the server, over a Unix socket") {
  start();
  auto client = connect_relay(*parse_endpoint("unix:" + path_), 5s);
  REQUIRE(client.ok());
  Message message;
  message.topic = "t";
  message.key = std::string("\0\xFF k&=", 6);
  message.value = std::string(300'000, '\x01');
  const std::vector<Message> messages(3, message);
  const auto appended = (*client)->append(messages);
  REQUIRE(appended.ok());
  CHECK(*appended == std::vector<Appended>{{1, false}, {2, false}, {3, false}});
  CHECK(access_.entries.at(2).message.value == message.value);
  CHECK((*client)->peek("t", 2, 1)->at(0).message.key == message.key);
  CHECK((*client)->stats()->ledger.appended == 3);
  CHECK((*client)->dead_letter("a b&c", 1).status().message() == "no dead letter a b&c 1");
  CHECK((*client)->purge("t", 2, "me & you")->who == "me & you");
  access_.failure = {Code::kFull, "full"};
  CHECK((*client)->append(messages).status().code() == Code::kFull);
}

TEST_CASE_METHOD(ServerFixture, "a second listener is told; a dead one's socket is replaced") {
  start();
  const auto endpoint = *parse_endpoint("unix:" + path_);
  const auto second = Listener::open(endpoint);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == Code::kBusy);
  CHECK_THAT(ask(kReady, "ready\n"), Contains("200 OK"));
  server_.reset();
  {
    // What a killed relay leaves behind: a socket file that nobody listens on.
    const Fd left(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    REQUIRE(::bind(left.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  }
  REQUIRE(std::filesystem::exists(path_));
  CHECK_FALSE(connect_relay(endpoint, 5s).ok());
  CHECK(Listener::open(endpoint).ok());
}

}  // namespace
}  // namespace outbox::service
