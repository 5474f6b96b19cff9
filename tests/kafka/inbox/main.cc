// An inbox whose handler keeps sums in its local store, to be killed:
//
//   inbox_sums run BOOTSTRAP GROUP TOPIC DIR [PARTITIONS]
//   inbox_sums show DIR
//   inbox_sums ids DIR
//
// run adds each message's number (its value is NUMBER:ID) to the sum of its key, on 8 threads,
// until SIGTERM; with PARTITIONS it takes those itself, else as the group says. show prints how
// many messages and the sum over all keys; ids prints the IDs, a line each.

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>
#include <signal.h>
#include <time.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "outbox/inbox.h"

namespace {

using outbox::Code;
using outbox::InboxState;
using outbox::Received;
using outbox::Status;

constexpr const char* kSums = "sums";
constexpr const char* kIds = "ids";
constexpr std::size_t kWorkers = 8;
constexpr std::size_t kQueuedMax = 2'000;
// A handler takes its time, so that a kill finds all of them at work.
constexpr std::chrono::microseconds kWork{300};

/// "<count> <sum>" of a key.
struct Sum {
  std::uint64_t count = 0;
  std::uint64_t total = 0;
};

Sum parse(const std::string& text) {
  Sum sum;
  std::istringstream(text) >> sum.count >> sum.total;
  return sum;
}

Status add(const Received& received, rocksdb::WriteBatch& batch, const InboxState& state) {
  rocksdb::ColumnFamilyHandle* const family = state.family(kSums);
  const std::string& said = *received.message.value;
  const std::string key =
      std::to_string(*received.message.partition) + "/" + received.message.key.value_or("");
  std::string value;
  const rocksdb::Status got = state.db()->Get(rocksdb::ReadOptions(), family, key, &value);
  if (!got.ok() && !got.IsNotFound()) return {Code::kIoError, got.ToString()};
  Sum sum = parse(value);
  ++sum.count;
  sum.total += std::strtoull(said.c_str(), nullptr, 10);
  std::this_thread::sleep_for(kWork);
  batch.Put(family, key, std::to_string(sum.count) + " " + std::to_string(sum.total));
  batch.Put(state.family(kIds), said.substr(said.find(':') + 1), "");
  return {};
}

int fail(const Status& status) {
  std::fprintf(stderr, "inbox_sums: %s\n", status.to_string().c_str());
  return 1;
}

int run(int argc, char** argv) {
  if (argc < 6) return 2;
  outbox::InboxOptions options;
  options.bootstrap_servers = argv[2];
  options.group = argv[3];
  options.dir = argv[5];
  options.families = {kSums, kIds};
  options.workers = kWorkers;
  options.queued_messages_max = kQueuedMax;
  options.commit_interval_ms = std::chrono::milliseconds(200);
  options.kafka_properties = {{"session.timeout.ms", "6000"}};
  const int partitions = argc > 6 ? std::atoi(argv[6]) : 0;
  for (int i = 0; i < partitions; ++i) options.partitions[argv[4]].push_back(i);
  if (partitions == 0) options.topics = {argv[4]};
  options.on_event = [](const outbox::InboxEvent& event) {
    std::fprintf(stderr, "inbox_sums: event %d %s/%d %llu %s\n", static_cast<int>(event.kind),
                 event.topic.c_str(), event.partition, static_cast<unsigned long long>(event.count),
                 event.text.c_str());
  };
  // Before any thread is started: all inherit it.
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGTERM);
  sigprocmask(SIG_BLOCK, &stop, nullptr);
  auto inbox = outbox::Inbox::start(options, add);
  if (!inbox.ok()) return fail(inbox.status());
  // Says how many partitions it has, whenever that changes, until it is told to stop.
  constexpr timespec kLook{0, 100'000'000};
  std::size_t had = 0;
  while (sigtimedwait(&stop, nullptr, &kLook) != SIGTERM) {
    const std::size_t has = (*inbox)->stats().positions.size();
    if (has != had) std::fprintf(stderr, "inbox_sums: %zu partitions\n", has);
    had = has;
  }
  const Status stopped = (*inbox)->stop(std::chrono::seconds(30));
  const outbox::InboxStats stats = (*inbox)->stats();
  std::printf("%llu processed %llu duplicates %llu skipped %llu possible_repeats\n",
              static_cast<unsigned long long>(stats.processed),
              static_cast<unsigned long long>(stats.duplicates),
              static_cast<unsigned long long>(stats.skipped_done),
              static_cast<unsigned long long>(stats.possible_repeats));
  return stopped.ok() ? 0 : fail(stopped);
}

using Row = std::function<void(const rocksdb::Slice& key, const rocksdb::Slice& value)>;

/// Reads beside a process that holds the store.
bool each_row(const char* dir, const char* family, const Row& row) {
  rocksdb::Options options;
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options, dir, &names).ok()) return false;
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) {
    families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::OpenForReadOnly(options, dir, families, &handles, &raw);
  if (!opened.ok()) return false;
  const std::unique_ptr<rocksdb::DB> db(raw);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] != family) continue;
    const std::unique_ptr<rocksdb::Iterator> at(
        db->NewIterator(rocksdb::ReadOptions(), handles[i]));
    for (at->SeekToFirst(); at->Valid(); at->Next()) row(at->key(), at->value());
  }
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  return true;
}

int show(const char* dir) {
  Sum all;
  const bool read = each_row(dir, kSums, [&](const rocksdb::Slice&, const rocksdb::Slice& value) {
    const Sum sum = parse(value.ToString());
    all.count += sum.count;
    all.total += sum.total;
  });
  if (!read) return 3;
  std::printf("%llu %llu\n", static_cast<unsigned long long>(all.count),
              static_cast<unsigned long long>(all.total));
  return 0;
}

int ids(const char* dir) {
  const bool read = each_row(dir, kIds, [](const rocksdb::Slice& key, const rocksdb::Slice&) {
    std::printf("%s\n", key.ToString().c_str());
  });
  return read ? 0 : 3;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  if (command == "run") return run(argc, argv);
  if (command == "show" && argc > 2) return show(argv[2]);
  if (command == "ids" && argc > 2) return ids(argv[2]);
  std::fprintf(stderr,
               "inbox_sums run BOOTSTRAP GROUP TOPIC DIR [PARTITIONS] | show DIR | ids DIR\n");
  return 2;
}
