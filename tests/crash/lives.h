#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <random>
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
    std::ifstream lines(journal);
    oracle_.replay(lines);
    std::filesystem::remove(journal);
    auto store = store::Store::open(dir_, Rig::small_options(), {});
    INFO(store.status().to_string());
    REQUIRE(store.ok());
    oracle_.check(**store);
    return oracle_.counts() - before;
  }

  const std::vector<std::string>& violations() const { return oracle_.violations(); }

 private:
  const TempDir temp_;
  const std::filesystem::path dir_;
  Oracle oracle_;
};

}  // namespace outbox::test
