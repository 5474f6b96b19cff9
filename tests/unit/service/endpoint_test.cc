#include "service/endpoint.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "service/listener.h"
#include "support/temp_dir.h"

namespace outbox::service {
namespace {

using Catch::Contains;

TEST_CASE("addresses: what is read is written") {
  for (const char* text : {"unix:/run/x.sock", "127.0.0.1:8080", "localhost:0", "[::1]:9"}) {
    CHECK(parse_endpoint(text)->text() == text);
  }
  CHECK(parse_endpoint("[::1]:9")->host == "::1");
  for (const char* bad : {"", "8080", "host:", ":80", "h:65536", "h:-1", "h:x", "unix:"}) {
    INFO(bad);
    const auto endpoint = parse_endpoint(bad);
    REQUIRE_FALSE(endpoint.ok());
    CHECK(endpoint.status().code() == Code::kInvalidArgument);
  }
}

TEST_CASE("a path that is too long for a socket: the message says what to do") {
  const auto endpoint = default_endpoint("/" + std::string(120, 'd'));
  REQUIRE_FALSE(endpoint.ok());
  CHECK_THAT(endpoint.status().message(),
             Contains("at most 107") && Contains("--listen unix:PATH"));
}

TEST_CASE("the endpoint file is written, read and removed; nonsense in it is no endpoint") {
  const test::TempDir dir;
  CHECK(read_endpoint_file(dir.path()).status().code() == Code::kNotFound);
  REQUIRE(write_endpoint_file(dir.path(), *parse_endpoint("unix:/run/x")).ok());
  CHECK(read_endpoint_file(dir.path())->path == "/run/x");
  std::ofstream(dir.path() / "endpoint") << "\n";
  CHECK_FALSE(read_endpoint_file(dir.path()).ok());
  remove_endpoint_file(dir.path());
  CHECK(read_endpoint_file(dir.path()).status().code() == Code::kNotFound);
}

TEST_CASE("a TCP listener on port 0 tells its port; what is no socket is not removed") {
  const auto listener = Listener::open(*parse_endpoint("127.0.0.1:0"));
  REQUIRE(listener.ok());
  CHECK((*listener)->endpoint().port != 0);
  const auto second = Listener::open((*listener)->endpoint());
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().code() == Code::kBusy);

  const test::TempDir dir;
  const auto file = dir.path() / "precious";
  std::ofstream(file) << "data";
  CHECK_FALSE(Listener::open(*parse_endpoint("unix:" + file.string())).ok());
  CHECK(std::filesystem::file_size(file) == 4);
}

}  // namespace
}  // namespace outbox::service
