#include "store/verify_files.h"

#include <rocksdb/env.h>
#include <rocksdb/sst_file_reader.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string>

#include "store/table_guard.h"
#include "store/wal_reader.h"

namespace outbox::store {
namespace {

void verify_wal(rocksdb::Env& env, const std::filesystem::path& dir, const std::string& name,
                VerifyReport& report) {
  std::uint64_t number = 0;
  std::from_chars(name.data(), name.data() + name.size(), number);
  const Result<WalScan> scan = scan_wal(env, (dir / name).string(), number);
  if (!scan.ok()) {
    report.add(name, scan.status().message());
  } else if (scan->damaged) {
    report.add(name, describe_damage(*scan));
  }
}

void verify_table(rocksdb::Env& env, const std::filesystem::path& dir, const std::string& name,
                  VerifyReport& report) {
  const std::unique_ptr<rocksdb::Env> guarded = guard_tables(env);
  rocksdb::Options options;
  options.env = guarded.get();
  rocksdb::SstFileReader reader(options);
  rocksdb::Status status = reader.Open((dir / name).string());
  if (status.ok()) status = reader.VerifyChecksum();
  if (!status.ok()) report.add(name, status.ToString());
}

std::vector<std::string> names_in(rocksdb::Env& env, const std::filesystem::path& dir,
                                  VerifyReport& report) {
  std::vector<std::string> names;
  const rocksdb::Status listed = env.GetChildren(dir.string(), &names);
  if (!listed.ok()) report.add(dir.string(), listed.ToString());
  std::sort(names.begin(), names.end());
  return names;
}

std::set<std::string> tables_of(const Database& database) {
  std::vector<rocksdb::LiveFileMetaData> files;
  database.db->GetLiveFilesMetaData(&files);
  std::set<std::string> names;
  for (const rocksdb::LiveFileMetaData& file : files) names.insert(file.relative_filename);
  return names;
}

}  // namespace

CheckedWals verify_wals(rocksdb::Env& env, const std::filesystem::path& dir, VerifyReport& report) {
  const std::vector<std::string> names = names_in(env, dir, report);
  const Result<CheckedWals> checked = check_wals(env, dir);
  const std::uint64_t before = report.found;
  for (const std::string& name : names) {
    if (name.ends_with(".log") && !checked.ok()) verify_wal(env, dir, name, report);
  }
  if (!checked.ok() && report.found == before) {
    report.add(dir.string(), checked.status().message());
  }
  if (!checked.ok()) return {};
  for (const TornWal& wal : checked->torn) {
    report.notes.push_back(wal.name + ": torn tail behind byte " +
                           std::to_string(wal.scan.whole_bytes) +
                           ", as a power cut leaves it; opening copies it aside and cuts it");
  }
  return *checked;
}

void verify_tables(rocksdb::Env& env, const std::filesystem::path& dir, const Database* database,
                   VerifyReport& report) {
  std::set<std::string> known;
  if (database != nullptr) known = tables_of(*database);
  for (const std::string& name : names_in(env, dir, report)) {
    if (!name.ends_with(".sst")) continue;
    if (database == nullptr || known.contains(name)) {
      verify_table(env, dir, name, report);
    } else {
      report.notes.push_back(name + ": not part of the database, a write that never finished or " +
                             "one that was about to be removed; opening removes it");
    }
  }
}

}  // namespace outbox::store
