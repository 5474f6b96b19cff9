#include "crash/oracle.h"

#include <unistd.h>

#include <cstdlib>
#include <istream>
#include <sstream>
#include <string_view>

namespace outbox::test {

namespace {

constexpr std::size_t kScanEntries = 500;
constexpr std::size_t kScanBytes = std::size_t{1} << 20;
constexpr std::size_t kViolationsMax = 20;

std::string at(const std::string& topic, Seq seq) { return topic + "/" + std::to_string(seq); }

}  // namespace

std::string Oracle::id_of(std::string_view value) {
  return std::string(value.substr(0, value.find('|')));
}

std::string Oracle::value_of(const std::string& id, std::size_t bytes) {
  return id + "|" + std::to_string(bytes) + "|" + std::string(bytes, 'v');
}

bool Oracle::whole(std::string_view value) {
  const std::size_t second = value.find('|', value.find('|') + 1);
  if (second == std::string_view::npos) return false;
  const std::string id = id_of(value);
  const std::string_view bytes = value.substr(id.size() + 1, second - id.size() - 1);
  return value == value_of(id, std::strtoull(std::string(bytes).c_str(), nullptr, 10));
}

std::string Oracle::attempt(const std::string& topic) {
  const std::lock_guard lock(mutex_);
  std::string id = prefix_ + std::to_string(next_id_++);
  entries_[id].topic = topic;
  journal('A', topic, 0, id);
  return id;
}

void Oracle::outcome(const std::string& id, const Result<Appended>& result) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[id];
  if (result.ok()) {
    ++counts_.entries;
    journal('K', entry.topic, result->seq, id);
    know(entry.topic, result->seq, id);
  } else if (!result.status().indeterminate()) {
    journal('F', entry.topic, 0, id);
    if (entry.fate == Fate::kKnown)
      violation(&Counts::phantom, id + " failed for sure, and is there");
    entry.fate = Fate::kFailed;
  }
}

void Oracle::seen(const std::string& topic, Seq seq, const std::string& id) {
  const std::lock_guard lock(mutex_);
  journal('S', topic, seq, id);
  know(topic, seq, id);
}

void Oracle::settling(const std::string& topic, Seq seq) {
  const std::lock_guard lock(mutex_);
  journal('T', topic, seq, "-");
  topics_[topic].settling.insert(seq);
}

void Oracle::buried(const std::string& topic, Seq seq) {
  const std::lock_guard lock(mutex_);
  journal('B', topic, seq, "-");
  topics_[topic].buried.insert(seq);
}

void Oracle::journal(char kind, const std::string& topic, Seq seq, const std::string& id) {
  if (journal_fd_ < 0) return;
  const std::string line =
      std::string(1, kind) + " " + topic + " " + std::to_string(seq) + " " + id + "\n";
  if (::write(journal_fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
}

void Oracle::replay(std::istream& journal) {
  std::string line;
  // A last line without its end was not finished: getline sets eof with it.
  while (std::getline(journal, line) && !journal.eof()) replay_line(line);
}

void Oracle::replay_late(std::istream& journal) {
  constexpr std::string_view kTold = "KSB";
  std::string line;
  while (std::getline(journal, line) && !journal.eof()) {
    if (kTold.find(line.front()) == std::string_view::npos) replay_line(line);
  }
}

void Oracle::replay_line(const std::string& line) {
  std::istringstream fields(line);
  char kind = 0;
  std::string topic, id;
  Seq seq = 0;
  fields >> kind >> topic >> seq >> id;
  const Status failed(Code::kInvalidArgument, "replayed");
  switch (kind) {
    case 'A':
      entries_[id].topic = topic;
      break;
    case 'K':
      outcome(id, Appended{seq, false});
      break;
    case 'F':
      outcome(id, failed);
      break;
    case 'S':
      seen(topic, seq, id);
      break;
    case 'T':
      settling(topic, seq);
      break;
    case 'B':
      buried(topic, seq);
      break;
    default:
      violation(&Counts::other, "unreadable journal line: " + line);
  }
}

void Oracle::know(const std::string& topic, Seq seq, const std::string& id) {
  const auto found = entries_.find(id);
  if (found == entries_.end())
    return violation(&Counts::phantom, at(topic, seq) + " is " + id + ", never appended");
  Entry& entry = found->second;
  if (entry.fate == Fate::kFailed)
    violation(&Counts::phantom, id + " failed for sure and is " + at(topic, seq));
  if (entry.topic != topic)
    violation(&Counts::altered, id + " of " + entry.topic + " is " + at(topic, seq));
  if (entry.seq != 0 && entry.seq != seq) {
    violation(&Counts::doubled, id + " is " + at(topic, entry.seq) + " and " + at(topic, seq));
  }
  std::string& owner = topics_[topic].known[seq];
  if (!owner.empty() && owner != id)
    violation(&Counts::doubled, at(topic, seq) + " is " + owner + " and " + id);
  owner = id;
  entry.fate = Fate::kKnown;
  entry.seq = seq;
}

void Oracle::check(store::Store& store) {
  const std::lock_guard lock(mutex_);
  const std::vector<store::LaneInfo> lanes = store.lanes();
  std::set<std::string> present;
  for (const store::LaneInfo& lane : lanes) {
    present.insert(lane.topic);
    check_lane(store, lane);
  }
  for (const auto& [name, topic] : topics_) {
    if (!topic.known.empty() && !present.contains(name))
      violation(&Counts::lost, "topic " + name + " is gone");
  }
  for (auto& [id, entry] : entries_) {
    if (entry.fate == Fate::kInDoubt) entry.fate = Fate::kFailed;
  }
  check_ledger(store, lanes);
}

void Oracle::check_lane(store::Store& store, const store::LaneInfo& lane) {
  const Found found = scan(store, lane);
  check_found(lane, found);
  check_known(store, lane, found);
}

Oracle::Found Oracle::scan(store::Store& store, const store::LaneInfo& lane) {
  Found found;
  Seq next = lane.progress.head;
  for (;;) {
    const Result<store::SlabPtr> slab = store.read(lane.id, next, kScanEntries, kScanBytes);
    if (!slab.ok()) {
      violation(&Counts::other,
                "reading " + at(lane.topic, next) + ": " + slab.status().to_string());
      return found;
    }
    if ((*slab)->entries().empty()) return found;
    for (const store::SlabEntry& entry : (*slab)->entries()) {
      const auto record = store::decode(entry.record, entry.lane, entry.seq);
      if (!record.ok()) {
        violation(&Counts::altered, at(lane.topic, entry.seq) + ": " + record.status().to_string());
        continue;
      }
      if (!whole(record->value.value_or(""))) {
        violation(&Counts::altered, at(lane.topic, entry.seq) + " has another value");
      }
      if (entry.seq != next) violation(&Counts::lost, at(lane.topic, next) + " is skipped");
      next = entry.seq + 1;
      found[entry.seq] = id_of(record->value.value_or(""));
    }
  }
}

/// What is there may be there, and is dense from head to tail.
void Oracle::check_found(const store::LaneInfo& lane, const Found& found) {
  const Seq last = found.empty() ? lane.progress.head - 1 : found.rbegin()->first;
  if (last != lane.tail) {
    violation(&Counts::other, "the tail of " + lane.topic + " is " + std::to_string(lane.tail) +
                                  ", its last entry " + std::to_string(last));
  }
  for (const auto& [seq, id] : found) know(lane.topic, seq, id);
}

/// What must be there is there.
void Oracle::check_known(store::Store& store, const store::LaneInfo& lane, const Found& found) {
  const Topic& topic = topics_[lane.topic];
  for (const auto& [seq, id] : topic.known) {
    const bool below = seq < lane.progress.head;
    if (below && !topic.settling.contains(seq)) {
      violation(&Counts::lost, at(lane.topic, seq) + " is below the head and was never settled");
    }
    if (!below && !found.contains(seq))
      violation(&Counts::lost, at(lane.topic, seq) + " (" + id + ") is lost");
  }
  for (const auto& [partition, through] : lane.progress.through) {
    if (through > lane.tail)
      violation(&Counts::other, "progress of " + lane.topic + " is beyond its tail");
  }
  for (const Seq seq : topic.buried) {
    const Result<DeadLetter> dead = store.dead_letter(lane.topic, seq);
    if (!dead.ok()) {
      violation(&Counts::lost,
                "dead letter " + at(lane.topic, seq) + ": " + dead.status().to_string());
    } else if (id_of(dead->entry.message.value.value_or("")) != topic.known.at(seq)) {
      violation(&Counts::altered, "dead letter " + at(lane.topic, seq) + " is another entry");
    }
  }
}

void Oracle::check_ledger(store::Store& store, const std::vector<store::LaneInfo>& lanes) {
  const Result<Stats> stats = store.stats();
  if (!stats.ok()) return violation(&Counts::other, "stats: " + stats.status().to_string());
  const Ledger& ledger = stats->ledger;
  if (!ledger.balanced()) {
    violation(&Counts::other,
              "the ledger does not balance: appended " + std::to_string(ledger.appended) +
                  ", delivered " + std::to_string(ledger.delivered) + ", pending " +
                  std::to_string(ledger.pending) + ", dead " + std::to_string(ledger.dead));
  }
  std::uint64_t tails = 0;
  for (const store::LaneInfo& lane : lanes) tails += lane.tail;
  if (ledger.appended != tails) {
    violation(&Counts::other, "appended is " + std::to_string(ledger.appended) +
                                  ", the tails add up to " + std::to_string(tails));
  }
}

void Oracle::violation(std::uint64_t Counts::*kind, const std::string& what) {
  ++(counts_.*kind);
  if (violations_.size() < kViolationsMax) violations_.push_back(what);
}

}  // namespace outbox::test
