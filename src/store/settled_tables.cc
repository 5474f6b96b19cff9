#include "store/settled_tables.h"

#include <algorithm>
#include <map>
#include <string>

#include "store/table_lanes.h"

namespace outbox::store {
namespace {

using Tables = std::vector<rocksdb::SstFileMetaData>;

/// Oldest first; none when something lies below: DBImpl::DeleteFile takes a table of level 0
/// only when it is the oldest of all.
Tables deletable(Database& database) {
  rocksdb::ColumnFamilyMetaData family;
  database.db->GetColumnFamilyMetaData(database.data, &family);
  Tables tables;
  for (const rocksdb::LevelMetaData& level : family.levels) {
    if (level.level == 0) tables = level.files;
    if (level.level > 0 && !level.files.empty()) return {};
  }
  std::ranges::sort(tables, {}, &rocksdb::SstFileMetaData::largest_seqno);
  return tables;
}

/// By file name without its directory.
std::map<std::string, TableLanes> all_lanes(Database& database) {
  rocksdb::TablePropertiesCollection all;
  std::map<std::string, TableLanes> out;
  if (!database.db->GetPropertiesOfAllTables(database.data, &all).ok()) return out;
  for (const auto& [path, properties] : all) {
    auto lanes = table_lanes(properties->user_collected_properties);
    if (lanes) out[path.substr(path.rfind('/') + 1)] = std::move(*lanes);
  }
  return out;
}

bool settled(const TableLanes& table, const LaneTable& lanes) {
  return std::ranges::all_of(table, [&](const auto& each) {
    const Lane* const lane = lanes.find(each.first);
    return lane != nullptr && each.second < lane->durable_head;
  });
}

}  // namespace

std::size_t delete_settled_tables(Database& database, const LaneTable& lanes, const Log& log) {
  const Tables tables = deletable(database);
  if (tables.empty()) return 0;
  const auto known = all_lanes(database);
  std::size_t count = 0;
  for (const rocksdb::SstFileMetaData& table : tables) {
    const auto found = known.find(table.relative_filename);
    if (found == known.end() || table.being_compacted || !settled(found->second, lanes)) break;
    // Marked for removal in later releases of RocksDB; there is no other way to give a table of
    // level 0 back without reading it.
    const auto deleted = database.db->DeleteFile(table.relative_filename);
    if (deleted.ok()) {
      ++count;
      continue;
    }
    // Something was flushed or merged since it was looked at: next time.
    if (!deleted.IsInvalidArgument()) {
      log->warn("cannot give {} back: {}", table.relative_filename, deleted.ToString());
    }
    break;
  }
  return count;
}

}  // namespace outbox::store
