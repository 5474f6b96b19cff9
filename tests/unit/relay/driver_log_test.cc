#include <spdlog/sinks/ostream_sink.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "support/wait.h"
#include "unit/relay/driver_rig.h"

namespace outbox::relay {
namespace {

using namespace std::chrono_literals;
using kafka::Notice;
using test::Rig;
constexpr auto kPatience = 20s;
constexpr std::int64_t kMinuteMs = 60'000;

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

Notice notice(Notice::Kind kind, const std::string& text) {
  Notice made;
  made.kind = kind;
  made.text = text;
  return made;
}

}  // namespace

TEST_CASE("an unreachable cluster is said once a minute, and nothing else about it") {
  Rig rig;
  std::ostringstream lines;
  const auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(lines);
  rig.log = std::make_shared<spdlog::logger>("test", sink);
  rig.append(1);
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());

  rig.stage.connected = false;
  constexpr int kMinutes = 3;
  for (int minute = 0; minute < kMinutes; ++minute) {
    for (int i = 0; i < 20; ++i) {
      rig.stage.notify(notice(Notice::Kind::kError, "authentication failed"));
      rig.stage.notify(notice(Notice::Kind::kAllBrokersDown, "3/3 brokers are down"));
    }
    REQUIRE(outbox::test::wait_until([&] { return rig.stage.told_all(); }, kPatience));
    // Not after the last: the relay may say it once more before it stops.
    if (minute + 1 < kMinutes) rig.clock.ahead_ms += kMinuteMs;
  }
  REQUIRE(driver.stop(kPatience).ok());
  CHECK(count(lines.str(), "cannot reach Kafka") == kMinutes);
  // It says why, or nobody would find a wrong password.
  CHECK(count(lines.str(), "(authentication failed)") == kMinutes);
  // But for the error that came while the cluster still counted as reached.
  CHECK(count(lines.str(), "librdkafka:") <= 1);
}

}  // namespace outbox::relay
