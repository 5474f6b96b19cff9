#pragma once

#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>

#include "crash/rig.h"

namespace outbox::test {

/// What a store holds, learnt before its files are damaged.
struct Contents {
  struct Lane {
    store::LaneId id = 0;
    Seq head = 1;
    Seq durable_tail = 0;  ///< as recorded beside the store
    std::map<Seq, std::string> pending;
    std::set<Seq> dead;
  };
  std::map<std::string, Lane> lanes;
  std::uint64_t entries = 0;
};

/// A store in the middle of its work that lost its power: WALs and tables, delivered, pending
/// and dead entries. `keep`: of what was not synced.
class Victim {
 public:
  Victim(const Options& options, std::uint64_t seed, Keep keep);
  /// A copy of its directory.
  void copy_to(const std::filesystem::path& dir) const;
  const std::filesystem::path& dir() const { return rig_.dir(); }
  const Contents& contents() const { return contents_; }

 private:
  Rig rig_;
  Contents contents_;
};

/// One damage to one file of RocksDB's or to the durable tail; answers what it did.
std::string damage(const std::filesystem::path& dir, std::mt19937_64& random);

/// One bit of the byte at `at`.
void flip_a_bit(const std::filesystem::path& path, std::size_t at);

/// How a damaged store answered.
enum class Answer {
  kIntact,   ///< everything is there
  kRefused,  ///< not opened, with the next command to run
  kLoud,     ///< opened; a read or scan named the damage
  kBlind,    ///< entries above the recorded durable tail are gone, without a word
  kSilent,   ///< any other difference, without a word
};

struct Verdict {
  Answer answer = Answer::kIntact;
  Counts counts;
  std::string text;
};

/// Opens the store in `dir` and compares it with what it must hold.
Verdict judge(const std::filesystem::path& dir, const Contents& contents);

}  // namespace outbox::test
