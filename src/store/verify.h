#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "outbox/options.h"
#include "outbox/stats.h"
#include "outbox/status.h"

namespace rocksdb {
class Env;
}

namespace outbox::store {

/// One thing that is wrong.
struct Damage {
  std::string where;  ///< a file, or a topic
  std::string what;
};

/// What verify() could read of one topic.
struct VerifiedLane {
  std::string topic;
  Seq head = 1;
  Seq tail = 0;
  std::uint64_t pending = 0;  ///< whole entries from the head on
  std::uint64_t dead = 0;     ///< whole dead letters, requeued ones included
};

struct VerifyReport {
  /// More are only counted.
  static constexpr std::size_t kDamageListedMax = 10'000;

  std::vector<Damage> damage;
  std::uint64_t found = 0;
  /// What is not damage but should be known, e.g. a torn tail that opening cuts.
  std::vector<std::string> notes;
  std::vector<VerifiedLane> lanes;
  std::uint64_t entries_read = 0;
  /// The first part found that a later program wrote: no damage, and the rest cannot be judged.
  Status unknown_version;
  bool whole() const { return found == 0; }

  void add(const std::string& where, std::string what);
  /// Nothing, when it is OK; kUnknownVersion is kept apart.
  void add(const std::string& where, const Status& status);
};

/// What is left of one counts: a table is enough.
bool is_outbox(rocksdb::Env& env, const std::filesystem::path& dir);

/// Called now and then with the number of entries read so far.
using VerifyProgress = std::function<void(std::uint64_t entries)>;

/// Looks for all damage in the outbox in `dir`, also in one that Store::open
/// refuses; writes nothing in `dir`. Beside a process that holds it, files are
/// checked through the entries in them only. Damage is in the report; kNotFound:
/// `dir` is no outbox; kUnknownVersion.
Result<VerifyReport> verify(const std::filesystem::path& dir, const Options& options,
                            rocksdb::Env& env, const VerifyProgress& progress = {});

}  // namespace outbox::store
