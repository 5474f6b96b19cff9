#include "store/sync_directory.h"

#include <rocksdb/env.h>

#include <memory>

#include "store/rocks_status.h"

namespace outbox::store {

Status sync_directory(rocksdb::Env& env, const std::filesystem::path& dir) {
  std::unique_ptr<rocksdb::Directory> directory;
  rocksdb::Status status = env.NewDirectory(dir.string(), &directory);
  if (status.ok()) status = directory->Fsync();
  return from_rocks(status, "syncing the directory " + dir.string());
}

}  // namespace outbox::store
