#include "salvage/salvage.h"

#include <rocksdb/env.h>

#include <cstdint>
#include <fstream>
#include <limits>
#include <memory>

#include "salvage/copy.h"
#include "salvage/gather.h"
#include "salvage/pile.h"
#include "salvage/rebuild.h"
#include "salvage/sink.h"
#include "store/durable_tail.h"
#include "store/secondary.h"
#include "store/store.h"
#include "store/verify.h"
#include "store/views.h"

namespace outbox::salvage {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPile = "pile";
/// The copy, what was found, and the new outbox.
constexpr std::uint64_t kRoomTimes = 3;
constexpr std::size_t kAnyBytes = std::size_t{1} << 30;
constexpr std::size_t kAnyHeaders = 65'536;

bool inside(const fs::path& inner, const fs::path& outer) {
  const fs::path relative =
      fs::weakly_canonical(inner).lexically_relative(fs::weakly_canonical(outer));
  return !relative.empty() && *relative.begin() != "..";
}

Status not_held(const fs::path& from) {
  const std::string who = store::holder(from);
  if (who.empty()) return {};
  return {Code::kBusy, from.string() + " is held by " + who + "; stop it first"};
}

Status check_target(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (inside(to, from) || inside(from, to)) {
    return {Code::kInvalidArgument,
            to.string() + " and " + from.string() + " are inside of each other; give another --to"};
  }
  if (fs::exists(to, error) && (!fs::is_directory(to, error) || !fs::is_empty(to, error))) {
    return {Code::kInvalidArgument, to.string() + " is not empty; give a new directory"};
  }
  fs::create_directories(to, error);
  if (error) return {Code::kIoError, "creating " + to.string() + ": " + error.message()};
  const std::uint64_t needed = kRoomTimes * store::directory_bytes(from);
  const fs::space_info room = fs::space(to, error);
  if (!error && room.available < needed) {
    return {Code::kDiskFull, to.string() + " has " + std::to_string(room.available) +
                                 " bytes free; " + std::to_string(needed) +
                                 " are needed (three times " + from.string() + ")"};
  }
  return {};
}

/// What was accepted once is accepted again, with one header more.
Options without_limits(Options options) {
  options.pending_entries_max = std::numeric_limits<std::uint64_t>::max();
  options.pending_bytes_max = std::numeric_limits<std::uint64_t>::max();
  options.message_bytes_max = kAnyBytes;
  options.key_bytes_max = kAnyBytes;
  options.batch_bytes_max = kAnyBytes;
  options.headers_max = kAnyHeaders;
  options.create_if_missing = true;
  return options;
}

/// What the new directory is made of, once the copy is there.
class Salvage {
 public:
  Salvage(const fs::path& to, const Options& options, const SalvageProgress& progress)
      : to_(to), copy_(to / kCopy), options_(options), progress_(progress) {}

  Result<Report> run(std::vector<std::string> notes) {
    report_.notes = std::move(notes);
    auto pile = Pile::open(to_ / kPile);
    if (!pile.ok()) return pile.status();
    auto damage = gather(copy_, **pile, [&](const std::string& file) { show("read " + file); });
    if (!damage.ok()) return damage.status();
    for (std::string& line : *damage) report_.notes.push_back(std::move(line));
    if ((*pile)->rejected() > 0) {
      report_.notes.push_back(std::to_string((*pile)->rejected()) +
                              " records fail their own checksum");
    }
    load_durable_tail(**pile);
    if (Status status = rebuild(**pile); !status.ok()) return status;
    add_advice();
    if (Status status = write_report(); !status.ok()) return status;
    return std::move(report_);
  }

 private:
  void show(const std::string& what) const {
    if (progress_) progress_(what);
  }

  void load_durable_tail(Pile& pile) {
    const auto tail = store::DurableTail::load(*rocksdb::Env::Default(), copy_);
    if (!tail.ok()) {
      report_.notes.push_back(tail.status().message());
      return;
    }
    durable_ = *tail;
    for (const auto& [lane, seq] : durable_) pile.know(lane);
  }

  Status rebuild(const Pile& pile) {
    auto store = store::Store::open(to_ / kOutbox, without_limits(options_));
    if (!store.ok()) return store.status();
    FileSink dead_letters(to_ / kDeadLetters);
    for (const auto& [id, lane] : pile.lanes()) {
      show("append " + lane.topic);
      const auto known = durable_.find(id);
      const Seq durable = known == durable_.end() ? 0 : known->second;
      const std::string file = "lane-" + std::to_string(id) + ".ndjson";
      std::unique_ptr<Sink> sink = std::make_unique<StoreSink>(**store);
      if (lane.topic.empty()) sink = std::make_unique<FileSink>(to_ / file);
      auto done = rebuild_lane(pile, id, durable, *sink, dead_letters);
      if (!done.ok()) return done.status();
      done->file = file;
      if (!done->ranges.empty()) report_.lanes.push_back(std::move(*done));
    }
    return dead_letters.finish();
  }

  void add_advice() {
    std::uint64_t repeated = 0;
    for (const LaneReport& lane : report_.lanes) repeated += lane.repeated_max;
    if (repeated > 0) {
      report_.notes.push_back(std::to_string(repeated) +
                              " of the recovered entries were delivered before, out of order");
    }
    if (!report_.complete()) {
      report_.notes.emplace_back(
          "the latest progress may be lost as well: entries may have been delivered before, "
          "recovered and missing ones");
    }
  }

  Status write_report() {
    const fs::path path = to_ / kReport;
    std::ofstream file(path, std::ios::binary);
    file << report_.ndjson();
    file.close();
    if (!file) return {Code::kIoError, "writing " + path.string() + " failed; is the disk full?"};
    return sync_file(path);
  }

  const fs::path to_;
  const fs::path copy_;
  const Options& options_;
  const SalvageProgress& progress_;
  store::DurableTail::Lanes durable_;
  Report report_;
};

}  // namespace

Result<Report> salvage(const fs::path& from, const fs::path& to, const Options& options,
                       const SalvageProgress& progress) {
  if (!store::is_outbox(*rocksdb::Env::Default(), from)) {
    return store::no_outbox(from, "there is no database in it");
  }
  if (Status status = not_held(from); !status.ok()) return status;
  const Status tail = store::DurableTail::load(*rocksdb::Env::Default(), from).status();
  if (tail.code() == Code::kUnknownVersion) return tail;
  if (Status status = check_target(from, to); !status.ok()) return status;
  auto copied = copy_directory(from, to / kCopy, [&](std::uint64_t bytes) {
    if (progress) progress("copied " + std::to_string(bytes) + " bytes");
  });
  if (!copied.ok()) return copied.status();
  // Nobody keeps others out while it is copied: that would write in it.
  if (Status status = not_held(from); !status.ok()) return status;
  return Salvage(to, options, progress).run(std::move(*copied));
}

}  // namespace outbox::salvage
