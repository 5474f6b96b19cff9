#include "service/config.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <set>

#include "service/config_table.h"
#include "support/temp_dir.h"

namespace outbox::service {
namespace {

using Catch::Contains;

class ConfigFixture {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& text) {
    std::ofstream(dir_.path() / name) << text;
    return dir_.path() / name;
  }
  void file(const std::string& text) { sources_.file = write("c.toml", text); }
  Result<Config> load() { return load_config(sources_); }
  std::string message() {
    const auto config = load();
    REQUIRE_FALSE(config.ok());
    CHECK(config.status().message().find('\n') == std::string::npos);
    return config.status().message();
  }

  test::TempDir dir_;
  ConfigSources sources_;
};

TEST_CASE_METHOD(ConfigFixture, "the environment is over the file, flags over both") {
  file("linger = '1ms'\ncompression = 'gzip'\npending_bytes_max = '1GiB'\nid_headers = false\n");
  sources_.environment = {{"OUTBOX_COMPRESSION", "lz4"}, {"OUTBOX_PENDING_BYTES_MAX", "2GiB"}};
  sources_.flags = {{"pending_bytes_max", "3GiB"}};
  const auto config = load();
  REQUIRE(config.ok());
  CHECK(config->relay.linger_ms.count() == 1);
  CHECK(config->relay.compression == "lz4");
  CHECK(config->store.pending_bytes_max == std::uint64_t{3} << 30);
  CHECK_FALSE(config->relay.id_headers);
}

TEST_CASE_METHOD(ConfigFixture, "the preflight warns unless it is told otherwise") {
  CHECK(load()->relay.preflight == Preflight::kWarn);
  file("preflight = 'enforce'\npreflight_interval = '30s'\n");
  CHECK(load()->relay.preflight == Preflight::kEnforce);
  CHECK(load()->relay.preflight_interval_ms.count() == 30'000);
  sources_.flags = {{"preflight", "off"}};
  CHECK(load()->relay.preflight == Preflight::kOff);
  sources_.flags = {{"preflight", "on"}};
  CHECK_THAT(message(), Contains("\"on\" is not off, warn or enforce"));
}

TEST_CASE_METHOD(ConfigFixture, "an unknown key names file, line and the nearest known key") {
  file("linger = '5ms'\n\nbootstrap_server = 'x:1'\n");
  const std::string text = message();
  CHECK_THAT(text, Contains("c.toml:3:") && Contains("\"bootstrap_server\"") &&
                       Contains("did you mean bootstrap_servers?"));
}

TEST_CASE_METHOD(ConfigFixture, "a table is no way to write a key") {
  file("[relay]\nlinger = '5ms'\n");
  CHECK_THAT(message(), Contains("unknown key \"relay\""));
}

TEST_CASE_METHOD(ConfigFixture, "a bad value names file, line, key and what is wanted") {
  file("lanes_max = 10\nlinger = 5\n");
  CHECK_THAT(message(), Contains("c.toml:2: linger: \"5\" is not a duration"));
  file("linger = [1]\n");
  CHECK_THAT(message(), Contains("c.toml:1: linger: wanted a string"));
  file("max_in_flight_requests = 9999999999\n");
  CHECK_THAT(message(), Contains("out of range"));
  file("when_full = 'drop'\n");
  CHECK_THAT(message(), Contains("\"drop\" is not block or refuse"));
}

TEST_CASE_METHOD(ConfigFixture, "what is not TOML names the line") {
  file("linger = '5ms'\nthis is no toml\n");
  CHECK_THAT(message(), Contains("c.toml:2: not valid TOML"));
}

TEST_CASE_METHOD(ConfigFixture, "a missing file is named") {
  sources_.file = dir_.path() / "absent.toml";
  CHECK_THAT(message(), Contains("cannot read the configuration file") && Contains("absent.toml"));
  sources_.file = dir_.path();
  CHECK_THAT(message(), Contains("cannot read"));
}

TEST_CASE_METHOD(ConfigFixture, "kafka properties: dotted or quoted, any source, later ones win") {
  file(
      "[kafka]\nsasl.username = 'me'\n'ssl.ca.location' = '/ca'\nsocket.keepalive.enable = true\n"
      "statistics.interval.ms = 5\n");
  sources_.environment = {{"OUTBOX_KAFKA_SASL_USERNAME", "you"}, {"OUTBOX_KAFKA_SSL__KEY", "k"}};
  sources_.kafka_flags = {"ssl.ca.location=/ca2", "client.id=a=b"};
  const auto config = load();
  REQUIRE(config.ok());
  const std::map<std::string, std::string> wanted{{"sasl.username", "you"},
                                                  {"ssl.ca.location", "/ca2"},
                                                  {"socket.keepalive.enable", "true"},
                                                  {"statistics.interval.ms", "5"},
                                                  {"ssl_key", "k"},
                                                  {"client.id", "a=b"}};
  CHECK(config->relay.kafka_properties == wanted);
}

TEST_CASE_METHOD(ConfigFixture, "a secret comes from a file, whoever names it") {
  const auto secret = write("secret", "hunter2\n");
  file("[kafka]\nsasl.password_file = '" + secret.string() + "'\n");
  CHECK(load()->relay.kafka_properties.at("sasl.password") == "hunter2");
  sources_.file.reset();
  sources_.environment = {{"OUTBOX_KAFKA_SSL_KEY_PASSWORD_FILE", secret.string()}};
  CHECK(load()->relay.kafka_properties.at("ssl.key.password") == "hunter2");
  sources_.kafka_flags = {"sasl.password_file=" + secret.string()};
  CHECK(load()->relay.kafka_properties.at("sasl.password") == "hunter2");
  sources_.kafka_flags = {"sasl.password_file=/nonexistent/secret"};
  CHECK_THAT(message(), Contains("/nonexistent/secret"));
}

TEST_CASE_METHOD(ConfigFixture, "a slip on the command line repeats no secret") {
  sources_.kafka_flags = {"hunter2"};
  CHECK_THAT(message(), Contains("-X") && !Contains("hunter2"));
}

TEST_CASE_METHOD(ConfigFixture, "other people's variables are no error, near ones a warning") {
  sources_.environment = {{"OUTBOX_PORT_9092_TCP", "tcp://1.2.3.4"}, {"OUTBOX_LINGR", "5ms"}};
  const auto config = load();
  REQUIRE(config.ok());
  REQUIRE(config->warnings.size() == 1);
  CHECK_THAT(config->warnings[0], Contains("OUTBOX_LINGR") && Contains("OUTBOX_LINGER"));
}

TEST_CASE_METHOD(ConfigFixture, "a request can carry the largest message") {
  sources_.flags = {{"message_bytes_max", "100MiB"}};
  const auto config = load();
  REQUIRE(config.ok());
  CHECK(config->http.body_bytes_max > std::uint64_t{134} << 20);
  CHECK(config->http.bodies_bytes_max >= config->http.body_bytes_max);
}

TEST_CASE("every row of the table reads back its own default, from each source") {
  std::set<std::string> flags;
  for (const ConfigRow& row : config_rows()) {
    CAPTURE(row.key);
    const std::string text = text_of(row, Config{});
    if (!text.empty()) {
      ConfigSources sources;
      sources.environment = {{variable_of(row), text}};
      sources.flags = {{std::string(row.key), text}};
      const auto config = load_config(sources);
      REQUIRE(config.ok());
      CHECK(text_of(row, *config) == text);
    }
    CHECK(flags.insert(flag_of(row)).second);
    CHECK_FALSE(row.help.empty());
  }
}

}  // namespace
}  // namespace outbox::service
