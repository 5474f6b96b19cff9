#include "salvage/gather.h"

#include <algorithm>

#include "salvage/read_table.h"
#include "salvage/read_wal.h"

namespace outbox::salvage {

Result<std::vector<std::string>> gather(const std::filesystem::path& dir, Pile& pile,
                                        const std::function<void(const std::string&)>& progress) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> notes;
  for (const std::filesystem::path& file : files) {
    Result<std::string> damage = std::string();
    if (file.extension() == ".sst") damage = read_table(file, pile);
    if (file.extension() == ".log") damage = read_wal(file, pile);
    if (!damage.ok()) return damage.status();
    if (!damage->empty()) notes.push_back(file.filename().string() + ": " + *damage);
    progress(file.filename().string());
  }
  return notes;
}

}  // namespace outbox::salvage
