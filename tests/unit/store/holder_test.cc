#include "store/holder.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "store/store.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace outbox::store {
namespace {

using std::chrono::milliseconds;
using test::TempDir;

const std::string kMe = "pid " + std::to_string(::getpid()) + " (";

/// A process that takes the lock and waits to be killed.
pid_t hold_in_child(const std::filesystem::path& dir) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  auto lock = HolderLock::acquire(dir, milliseconds(0));
  if (!lock.ok()) ::_exit(1);
  for (;;) ::pause();
}

}  // namespace

TEST_CASE("holder: nobody, this process, nobody again") {
  const TempDir dir;
  CHECK(holder(dir.path()).empty());
  {
    auto lock = HolderLock::acquire(dir.path(), milliseconds(0));
    REQUIRE(lock.ok());
    CHECK(holder(dir.path()).find(kMe) == 0);
    CHECK(holder(dir.path()).find(kMe) == 0);  // asking has not released it
  }
  CHECK(holder(dir.path()).empty());
}

TEST_CASE("holder: a second open in the same process is refused and told who") {
  const TempDir dir;
  auto first = HolderLock::acquire(dir.path(), milliseconds(0));
  REQUIRE(first.ok());
  const auto second = HolderLock::acquire(dir.path(), milliseconds(0));
  REQUIRE(second.status().code() == Code::kBusy);
  CHECK(second.status().message().find(kMe) != std::string::npos);
  CHECK(holder(dir.path()).find(kMe) == 0);  // the refused one has not released it
}

TEST_CASE("holder: waits for the holder to go, up to the deadline") {
  const TempDir dir;
  auto first = HolderLock::acquire(dir.path(), milliseconds(0));
  REQUIRE(first.ok());
  std::jthread release([&] {
    std::this_thread::yield();
    std::move(first).value().reset();
  });
  CHECK(HolderLock::acquire(dir.path(), milliseconds(10'000)).ok());
}

TEST_CASE("holder: a killed process holds nothing") {
  const TempDir dir;
  const pid_t child = hold_in_child(dir.path());
  const std::string expected = "pid " + std::to_string(child) + " (";
  CHECK(test::wait_until([&] { return holder(dir.path()).find(expected) == 0; },
                         milliseconds(10'000)));
  const auto refused = HolderLock::acquire(dir.path(), milliseconds(0));
  CHECK(refused.status().message().find(expected) != std::string::npos);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  CHECK(holder(dir.path()).empty());
  CHECK(HolderLock::acquire(dir.path(), milliseconds(0)).ok());
}

TEST_CASE("holder: a missing directory is an error, not a holder") {
  const TempDir dir;
  CHECK(holder(dir.path() / "none").empty());
  CHECK(HolderLock::acquire(dir.path() / "none", milliseconds(0)).status().code() ==
        Code::kIoError);
}

}  // namespace outbox::store
