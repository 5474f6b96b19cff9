#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <random>

#include "crash/rig.h"
#include "support/wait.h"

extern char** environ;

// kill -9 of a process that appends and drains. Blind to a missing fsync (the
// page cache survives), so the power cuts are the stricter test; this one
// has no simulated file system.
namespace outbox::test {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCycles = 40;
constexpr std::uint64_t kCyclesPerDirectory = 50;
constexpr std::uint64_t kJournalBytesMax = 150'000;
constexpr std::chrono::milliseconds kProgress_ms{20'000};

struct Child {
  Child(const fs::path& dir, const fs::path& journal, std::uint64_t cycle, std::uint64_t seed) {
    const std::string prefix = "c" + std::to_string(cycle) + "-";
    std::vector<std::string> words = {CRASH_CHILD, dir.string(), journal.string(), prefix,
                                      std::to_string(seed)};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid, CRASH_CHILD, nullptr, nullptr, argv.data(), environ) == 0);
  }
  /// False: it had ended by itself, which it must not.
  bool kill() const {
    ::kill(pid, SIGKILL);
    int state = 0;
    ::waitpid(pid, &state, 0);
    return WIFSIGNALED(state);
  }
  pid_t pid = -1;
};

std::uint64_t size_of(const fs::path& path) {
  std::error_code ignored;
  const std::uintmax_t bytes = fs::file_size(path, ignored);
  return bytes == static_cast<std::uintmax_t>(-1) ? 0 : bytes;
}

/// One directory, and the processes that lived and died on it.
struct Lives {
  Lives() { fs::create_directory(dir); }

  Counts one(std::uint64_t cycle, std::mt19937_64& random) {
    const Counts before = oracle.counts();
    const fs::path journal = temp.path() / ("journal-" + std::to_string(cycle));
    const Child child(dir, journal, cycle, random());
    const std::uint64_t wanted = random() % kJournalBytesMax;
    const bool worked = wait_until([&] { return size_of(journal) >= wanted; }, kProgress_ms);
    REQUIRE(child.kill());
    CHECK(worked);
    std::ifstream lines(journal);
    oracle.replay(lines);
    fs::remove(journal);
    auto store = store::Store::open(dir, Rig::small_options(), {});
    INFO(store.status().to_string());
    REQUIRE(store.ok());
    oracle.check(**store);
    return oracle.counts() - before;
  }

  const TempDir temp;
  const fs::path dir = temp.path() / "box";
  Oracle oracle;
};

}  // namespace

TEST_CASE("kill -9 at any moment loses nothing that was OK") {
  Campaign campaign("kill-producer", kCycles);
  std::unique_ptr<Lives> lives;
  while (campaign.next()) {
    // A directory lives through many cycles, and not for ever: the oracle forgets nothing.
    if (campaign.cycle() % kCyclesPerDirectory == 0) lives = std::make_unique<Lives>();
    std::mt19937_64 random(campaign.seed());
    INFO(campaign.replay());
    const Counts found = lives->one(campaign.cycle(), random);
    campaign.add(found);
    for (const std::string& what : lives->oracle.violations()) UNSCOPED_INFO(what);
    REQUIRE(found.wrong() == 0);
  }
  CHECK(campaign.counts().entries > 0);
}

}  // namespace outbox::test
