#include <spdlog/sinks/ostream_sink.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "support/wait.h"
#include "unit/relay/driver_rig.h"

namespace outbox::relay {
namespace {

using namespace std::chrono_literals;
using test::Rig;
constexpr auto kPatience = 20s;

kafka::Findings one(kafka::Check check, kafka::Severity severity) {
  kafka::Finding finding;
  finding.check = check;
  finding.severity = severity;
  finding.subject = "topic t";
  finding.value = "1";
  finding.loss = "All of it.";
  finding.fix = "do this";
  return std::make_shared<const std::vector<kafka::Finding>>(1, finding);
}

const kafka::Findings kNothing = std::make_shared<const std::vector<kafka::Finding>>();

class Judged : public Rig {
 public:
  Judged() { log = std::make_shared<spdlog::logger>("test", sink_); }

  /// The next look at the cluster finds this.
  void finds(kafka::Findings findings) {
    const auto made = [&] {
      const std::lock_guard lock(stage.mutex);
      return stage.producers > 0;
    };
    REQUIRE(outbox::test::wait_until(made, kPatience));  // its errors have the relay look
    {
      const std::lock_guard lock(stage.mutex);
      stage.findings = std::move(findings);
    }
    stage.notify({kafka::Notice::Kind::kError, 0, 6, "look again"});
  }
  bool shows(const Driver& driver, const std::string& state) {
    return outbox::test::wait_until(
        [&] { return driver.stats().lane_states["t"].starts_with(state); }, kPatience);
  }
  std::string lines() { return lines_.str(); }

 private:
  std::ostringstream lines_;
  std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink_ =
      std::make_shared<spdlog::sinks::ostream_sink_mt>(lines_);
};

}  // namespace

TEST_CASE("preflight: an unsafe topic is held, shown and logged, and sent once it is safe") {
  Judged rig;
  rig.preflight = Preflight::kEnforce;
  rig.append(3);
  Driver& driver = rig.start();
  CHECK(rig.shows(driver, "held: the cluster's settings are not read yet"));
  rig.finds(one(kafka::Check::kMinInSync, kafka::Severity::kFailure));
  REQUIRE(rig.shows(driver, "held: unsafe: min.insync.replicas of topic t: 1, wanted: 2 or more"));
  const RelayStats stats = driver.stats();
  REQUIRE(stats.preflight.at("t").size() == 1);
  CHECK(stats.preflight.at("t")[0].setting == "min.insync.replicas");
  CHECK(stats.preflight.at("t")[0].severity == "failure");
  CHECK(rig.stage.taken().empty());
  rig.finds(one(kafka::Check::kMinInSync, kafka::Severity::kUnverified));
  CHECK(rig.shows(driver, "held: unverified: min.insync.replicas"));
  rig.finds(one(kafka::Check::kInSyncNow, kafka::Severity::kWarning));
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(rig.stage.taken().size() == 3);
  rig.finds(kNothing);
  CHECK(outbox::test::wait_until([&] { return driver.stats().preflight.at("t").empty(); },
                                 kPatience));
  REQUIRE(driver.stop(kPatience).ok());
  CHECK(rig.lines().find("preflight: failure: min.insync.replicas of topic t: 1, wanted: 2 or "
                         "more. All of it. Command: do this") != std::string::npos);
}

TEST_CASE("preflight: a relay that warns says it once, and sends") {
  Judged rig;
  rig.append(1);
  rig.stage.findings = one(kafka::Check::kMinInSync, kafka::Severity::kFailure);
  Driver& driver = rig.start();
  REQUIRE(driver.drain(kPatience).ok());
  rig.append(1);
  // The same again, told by another look.
  rig.finds(one(kafka::Check::kMinInSync, kafka::Severity::kFailure));
  REQUIRE(driver.drain(kPatience).ok());
  CHECK(driver.stats().lane_states["t"] == "flowing");
  REQUIRE(driver.stop(kPatience).ok());
  const std::string lines = rig.lines();
  const auto first = lines.find("preflight: failure:");
  REQUIRE(first != std::string::npos);
  CHECK(lines.find("preflight: failure:", first + 1) == std::string::npos);
}

}  // namespace outbox::relay
