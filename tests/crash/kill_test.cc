#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <random>

#include "crash/lives.h"

// kill -9 of a process that appends and drains. Blind to a missing fsync (the
// page cache survives), so the power cuts are the stricter test; this one
// has no simulated file system.
namespace outbox::test {
namespace {

constexpr std::uint64_t kCycles = 40;
constexpr std::uint64_t kLimitCycles = 15;
constexpr std::uint64_t kCyclesPerDirectory = 50;
constexpr std::uint64_t kSpareBytesMax = std::uint64_t{256} << 10;
constexpr std::uint64_t kJournalBytesMax = 150'000;

/// Cycles of `trouble` to a working process; its directory lives through many of them, and not
/// for ever: the oracle forgets nothing.
template <typename Trouble>
void run(Campaign& campaign, Trouble trouble) {
  const TempDir temp;
  std::unique_ptr<Lives> lives;
  while (campaign.next()) {
    if (campaign.cycle() % kCyclesPerDirectory == 0) {
      const std::string name = "box-" + std::to_string(campaign.cycle());
      lives = std::make_unique<Lives>(temp.path() / name);
    }
    std::mt19937_64 random(campaign.seed());
    INFO(campaign.replay());
    const Counts found = lives->one(campaign.cycle(), random, trouble);
    campaign.add(found);
    for (const std::string& what : lives->violations()) UNSCOPED_INFO(what);
    REQUIRE(found.wrong() == 0);
  }
  CHECK(campaign.counts().entries > 0);
}

void limit(const Child& child, __rlimit_resource resource, std::uint64_t to) {
  struct rlimit limits {};
  REQUIRE(::prlimit(child.pid(), resource, nullptr, &limits) == 0);
  limits.rlim_cur = to;
  REQUIRE(::prlimit(child.pid(), resource, &limits, nullptr) == 0);
}

/// Private memory that it may write to, as RLIMIT_DATA counts.
std::uint64_t data_bytes(const Child& child) {
  std::ifstream status("/proc/" + std::to_string(child.pid()) + "/status");
  for (std::string word; status >> word;) {
    std::uint64_t kibibytes = 0;
    if (word == "VmData:" && status >> kibibytes) return kibibytes << 10;
  }
  return 0;
}

}  // namespace

TEST_CASE("kill -9 at any moment loses nothing that was OK") {
  Campaign campaign("kill-producer", kCycles);
  run(campaign, [](Child& child, std::mt19937_64& random) {
    CHECK(child.journal_reaches(random() % kJournalBytesMax));
    CHECK(child.kill());
  });
}

TEST_CASE("file descriptors run out: nothing that was OK is lost, nothing reads as empty") {
  Campaign campaign("fd-limit", kLimitCycles);
  std::uint64_t stopped = 0;
  run(campaign, [&](Child& child, std::mt19937_64& random) {
    const std::uint64_t bytes = random() % 2 == 0 ? 0 : random() % kJournalBytesMax;
    (void)child.journal_reaches(bytes);
    limit(child, RLIMIT_NOFILE, 4 + random() % 60);
    stopped += child.journal_reaches(bytes + kJournalBytesMax) ? 0 : 1;
  });
  CHECK(stopped > 0);
}

TEST_CASE("memory runs out: the process may end, nothing that was OK is lost") {
  Campaign campaign("memory-limit", kLimitCycles);
  std::uint64_t ended = 0;
  run(campaign, [&](Child& child, std::mt19937_64& random) {
    const std::uint64_t bytes = random() % kJournalBytesMax;
    (void)child.journal_reaches(bytes);
    limit(child, RLIMIT_DATA, data_bytes(child) + random() % kSpareBytesMax);
    ended += child.journal_reaches(bytes + 4 * kJournalBytesMax) ? 0 : 1;
  });
  CHECK(ended > 0);
}

}  // namespace outbox::test
