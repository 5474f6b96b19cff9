#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <utility>

#include "crash/child.h"
#include "crash/rig.h"

namespace outbox::test {

/// One directory, and the processes that lived and died on it. Their journals lie elsewhere.
class Lives {
 public:
  explicit Lives(std::filesystem::path dir) : dir_(std::move(dir)) {
    std::filesystem::create_directory(dir_);
  }

  /// A process works until `trouble` is through; then the oracle judges what is there.
  template <typename Trouble>
  Counts one(std::uint64_t cycle, std::mt19937_64& random, Trouble trouble) {
    const Counts before = oracle_.counts();
    const std::filesystem::path journal = temp_.path() / ("journal-" + std::to_string(cycle));
    Child child(dir_, journal, "c" + std::to_string(cycle) + "-", random());
    trouble(child, random);
    (void)child.kill();
    replay(journal);
    auto store = store::Store::open(dir_, Rig::small_options(), {});
    INFO(store.status().to_string());
    REQUIRE(store.ok());
    oracle_.check(**store);
    return oracle_.counts() - before;
  }

  /// What the process is told once its journal has so many bytes does not count.
  void believe_until(std::uint64_t journal_bytes) { believed_bytes_ = journal_bytes; }

  const std::vector<std::string>& violations() const { return oracle_.violations(); }

 private:
  void replay(const std::filesystem::path& journal) {
    std::ifstream file(journal);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const std::size_t behind = text.rfind('\n', believed_bytes_) + 1;
    std::istringstream believed(text.substr(0, behind));
    oracle_.replay(believed);
    std::istringstream late(text.substr(behind));
    oracle_.replay_late(late);
    believed_bytes_ = std::string::npos;
    std::filesystem::remove(journal);
  }

  const TempDir temp_;
  const std::filesystem::path dir_;
  Oracle oracle_;
  std::size_t believed_bytes_ = std::string::npos;
};

}  // namespace outbox::test
