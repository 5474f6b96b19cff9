#include "crash/damage.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <vector>

#include "crash/fake_drainer.h"
#include "store/database.h"
#include "store/durable_tail.h"
#include "support/drop_env.h"

namespace outbox::test {
namespace {

namespace fs = std::filesystem;

constexpr int kSettled = 250;
constexpr int kPendingInTables = 200;
constexpr int kPendingInLog = 50;
constexpr std::size_t kValueBytesMax = 1'500;
constexpr std::size_t kReadEntries = 500;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;
constexpr std::size_t kDeadMax = 10'000;
constexpr std::size_t kSectorBytes = 512;
constexpr std::size_t kGarbageBytesMax = 300;

void fill(store::Store& store, Oracle& oracle, std::mt19937_64& random, int entries) {
  for (int i = 0; i < entries; ++i) {
    const std::string topic = random() % 3 == 0 ? "audit" : "orders";
    const auto appended = append_one(store, oracle, topic, random() % kValueBytesMax);
    if (!appended.ok()) throw std::runtime_error(appended.status().to_string());
  }
}

/// Reads the lane to its end; not OK: where it could not.
Status read_pending(store::Store& store, const store::LaneInfo& lane,
                    std::map<Seq, std::string>& into) {
  for (Seq next = lane.progress.head;;) {
    const auto slab = store.read(lane.id, next, kReadEntries, kReadBytes);
    if (!slab.ok()) return slab.status();
    if ((*slab)->entries().empty()) return {};
    for (const store::SlabEntry& entry : (*slab)->entries()) {
      const auto record = store::decode(entry.record, entry.lane, entry.seq);
      if (!record.ok()) return record.status();
      into[entry.seq] = record->value.value_or("");
      next = entry.seq + 1;
    }
  }
}

Contents learn(store::Store& store) {
  Contents contents;
  for (const store::LaneInfo& info : store.lanes()) {
    Contents::Lane& lane = contents.lanes[info.topic];
    lane.id = info.id;
    lane.head = info.progress.head;
    if (!read_pending(store, info, lane.pending).ok()) throw std::runtime_error("unreadable");
    contents.entries += lane.pending.size();
  }
  const auto dead = store.dead_letters("", 0, kDeadMax);
  if (!dead.ok()) throw std::runtime_error(dead.status().to_string());
  for (const DeadLetter& letter : *dead) {
    contents.lanes[letter.entry.message.topic].dead.insert(letter.entry.seq);
  }
  return contents;
}

std::vector<fs::path> damageable(const fs::path& dir) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    const bool table_or_wal = name.ends_with(".log") || name.ends_with(".sst");
    if (table_or_wal || name == "CURRENT" || name == "durable-tail" ||
        name.starts_with("MANIFEST")) {
      if (entry.file_size() > 0) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Compares one lane; the worst that was found without a word.
void compare(const Contents::Lane& was, const std::map<Seq, std::string>& is, Seq head,
             Verdict& verdict) {
  for (const auto& [seq, value] : was.pending) {
    const auto found = is.find(seq);
    if (found == is.end() && seq > was.durable_tail) {
      if (verdict.answer == Answer::kIntact) verdict.answer = Answer::kBlind;
    } else if (found == is.end()) {
      ++verdict.counts.lost;
      verdict.answer = Answer::kSilent;
    } else if (found->second != value) {
      ++verdict.counts.altered;
      verdict.answer = Answer::kSilent;
    }
  }
  for (const auto& [seq, value] : is) {
    if (was.pending.contains(seq)) continue;
    // Below the head that was recorded: sent once more.
    if (seq < was.head) {
      ++verdict.counts.resent;
    } else {
      ++verdict.counts.phantom;
      verdict.answer = Answer::kSilent;
    }
  }
  if (head <= was.head) return;
  ++verdict.counts.lost;
  verdict.answer = Answer::kSilent;
}

Verdict loud(const Status& status) { return {Answer::kLoud, {}, status.to_string()}; }

Verdict compare(store::Store& store, const Contents& contents) {
  Verdict verdict;
  std::map<std::string, Contents::Lane> left = contents.lanes;
  for (const store::LaneInfo& info : store.lanes()) {
    const auto was = left.find(info.topic);
    std::map<Seq, std::string> pending;
    if (Status status = read_pending(store, info, pending); !status.ok()) return loud(status);
    if (was == left.end()) continue;
    compare(was->second, pending, info.progress.head, verdict);
    left.erase(was);
  }
  for (const auto& [topic, lane] : left) compare(lane, {}, lane.head, verdict);
  const auto dead = store.dead_letters("", 0, kDeadMax);
  if (!dead.ok()) return loud(dead.status());
  std::map<std::string, std::set<Seq>> letters;
  for (const DeadLetter& letter : *dead) {
    letters[letter.entry.message.topic].insert(letter.entry.seq);
  }
  for (const auto& [topic, lane] : contents.lanes) {
    for (const Seq seq : lane.dead) {
      if (letters[topic].contains(seq)) continue;
      if (seq > lane.durable_tail) {
        if (verdict.answer == Answer::kIntact) verdict.answer = Answer::kBlind;
        continue;
      }
      ++verdict.counts.lost;
      verdict.answer = Answer::kSilent;
      verdict.text += "dead letter " + topic + "/" + std::to_string(seq) + " is gone; ";
    }
  }
  return verdict;
}

}  // namespace

Victim::Victim(const Options& options, std::uint64_t seed, Keep keep) {
  std::mt19937_64 random(seed);
  {
    store::Database* database = nullptr;
    auto store = rig_.open(options, [&](store::Database& opened) { database = &opened; });
    if (!store.ok()) throw std::runtime_error(store.status().to_string());
    fill(**store, rig_.oracle(), random, kSettled);
    {
      FakeDrainer drainer(**store, rig_.oracle(), seed);
      drainer.drain_all();
    }
    if (!(*store)->sync_progress().ok()) throw std::runtime_error("progress");
    fill(**store, rig_.oracle(), random, kPendingInTables);
    // Whatever the background threads came to: tables hold some of it, WALs the rest.
    if (!database->db->Flush({}, database->data).ok()) throw std::runtime_error("flush");
    fill(**store, rig_.oracle(), random, kPendingInLog);
    contents_ = learn(**store);
    rig_.fs().cut_power();
  }
  rig_.fs().restore_power(seed, keep);
  const auto tails = store::DurableTail::load(rig_.env(), rig_.dir());
  if (!tails.ok()) throw std::runtime_error(tails.status().to_string());
  for (auto& [topic, lane] : contents_.lanes) {
    const auto found = tails->find(lane.id);
    lane.durable_tail = found == tails->end() ? 0 : found->second;
  }
}

void Victim::copy_to(const fs::path& dir) const {
  fs::copy(rig_.dir(), dir, fs::copy_options::recursive);
}

void flip_a_bit(const fs::path& path, std::size_t at) {
  std::string bytes = read_file(path);
  bytes.at(at) = static_cast<char>(bytes.at(at) ^ 1);
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string damage(const fs::path& dir, std::mt19937_64& random) {
  const std::vector<fs::path> files = damageable(dir);
  const fs::path path = files[random() % files.size()];
  std::string bytes = read_file(path);
  const std::size_t at = random() % bytes.size();
  const std::string where = path.filename().string() + " at byte " + std::to_string(at) + " of " +
                            std::to_string(bytes.size());
  std::string what;
  switch (random() % 8) {
    case 0:
      fs::remove(path);
      return "deleted " + path.filename().string();
    case 1:
      bytes.resize(at);
      what = "cut ";
      break;
    case 2: {
      const std::size_t sector = at / kSectorBytes * kSectorBytes;
      const std::size_t length = std::min(kSectorBytes, bytes.size() - sector);
      bytes.replace(sector, length, length, '\0');
      what = "a sector of zeros in ";
      break;
    }
    case 3: {
      const std::size_t length = std::min(1 + random() % kGarbageBytesMax, bytes.size() - at);
      for (std::size_t i = 0; i < length; ++i) bytes[at + i] = static_cast<char>(random());
      what = std::to_string(length) + " bytes of garbage in ";
      break;
    }
    case 4:
      bytes.append(1 + random() % kGarbageBytesMax, '\x5a');
      what = "garbage behind the end of ";
      break;
    default:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << random() % 8));
      what = "a bit flipped in ";
  }
  std::ofstream(path, std::ios::binary) << bytes;
  return what + where;
}

Verdict judge(const fs::path& dir, const Contents& contents) {
  const auto drop = DropFs::create(dir);
  const auto env = make_drop_env(drop);
  store::StoreSeams seams;
  seams.env = env.get();
  auto store = store::Store::open(dir, Rig::small_options(), seams);
  if (store.ok()) return compare(**store, contents);
  Verdict verdict{Answer::kRefused, {}, store.status().to_string()};
  // One that says neither what is wrong nor what to do is no answer.
  if (verdict.text.find("run outbox-relay") == std::string::npos) ++verdict.counts.other;
  return verdict;
}

}  // namespace outbox::test
