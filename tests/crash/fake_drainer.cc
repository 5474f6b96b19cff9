#include "crash/fake_drainer.h"

#include <algorithm>

namespace outbox::test {

namespace {

constexpr std::size_t kReadEntries = 200;
constexpr std::size_t kReadBytes = std::size_t{256} << 10;
constexpr std::uint64_t kBuryOneIn = 100;
constexpr std::uint64_t kSyncOneIn = 50;

std::int32_t partition_of(Seq seq) {
  return static_cast<std::int32_t>(seq % FakeDrainer::kPartitions);
}

}  // namespace

FakeDrainer::FakeDrainer(store::Store& store, Oracle& oracle, std::uint64_t seed)
    : store_(store), oracle_(oracle), random_(seed) {
  // Attached first: what is committed from here on comes as slabs.
  if (!store_.set_drainer(this).ok()) std::abort();
  load_backlog();
}

FakeDrainer::~FakeDrainer() {
  stop();
  (void)store_.set_drainer(nullptr).ok();
  take_inbox();  // it was told; the oracle must know
}

void FakeDrainer::start() {
  thread_ = std::jthread([this] { run(); });
}

void FakeDrainer::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

FakeDrainer::Lane& FakeDrainer::lane_of(store::LaneId id) {
  Lane& lane = lanes_[id];
  if (lane.topic.empty()) lane.topic = store_.lane(id).topic;
  return lane;
}

void FakeDrainer::load_backlog() {
  for (const store::LaneInfo& info : store_.lanes()) {
    Lane& lane = lane_of(info.id);
    lane.progress = info.progress;
    lane.tail = info.progress.head - 1;
    for (Seq next = info.progress.head;;) {
      const auto slab = store_.read(info.id, next, kReadEntries, kReadBytes);
      if (!slab.ok() || (*slab)->entries().empty()) break;
      next = (*slab)->entries().back().seq + 1;
      take(**slab);
    }
  }
}

void FakeDrainer::on_durable(const store::SlabPtr& slab) {
  const std::lock_guard lock(inbox_mutex_);
  inbox_.push_back(slab);
}

void FakeDrainer::take_inbox() {
  std::deque<store::SlabPtr> slabs;
  {
    const std::lock_guard lock(inbox_mutex_);
    slabs.swap(inbox_);
  }
  for (const store::SlabPtr& slab : slabs) take(*slab);
}

void FakeDrainer::take(const store::Slab& slab) {
  for (const store::SlabEntry& entry : slab.entries()) {
    const auto record = store::decode(entry.record, entry.lane, entry.seq);
    if (!record.ok()) continue;  // the oracle's scan will say so
    Lane& lane = lane_of(entry.lane);
    oracle_.seen(lane.topic, entry.seq, Oracle::id_of(record->value.value_or("")));
    const std::int32_t partition = partition_of(entry.seq);
    lane.tail = std::max(lane.tail, entry.seq);
    if (!lane.progress.settled(partition, entry.seq)) lane.waiting[partition].insert(entry.seq);
  }
}

Result<PurgeRecord> FakeDrainer::purge(const std::string&, Seq, const std::string&) {
  return Status(Code::kInvalidArgument, "the fake drainer does not purge");
}

void FakeDrainer::run() {
  while (!stop_) {
    if (!step()) std::this_thread::yield();
  }
}

/// False when nothing waits. One thread at a time.
bool FakeDrainer::step() {
  take_inbox();
  if (random_() % kSyncOneIn == 0) (void)store_.sync_progress().ok();
  std::size_t skip = lanes_.empty() ? 0 : random_() % lanes_.size();
  for (std::size_t i = 0; i < lanes_.size(); ++i, ++skip) {
    auto lane = std::next(lanes_.begin(), static_cast<long>(skip % lanes_.size()));
    if (settle_next(lane->first, lane->second)) return true;
  }
  return false;
}

void FakeDrainer::drain_all() {
  while (step()) {
  }
}

/// One entry is buried, or up to eight of one partition are delivered.
bool FakeDrainer::settle_next(store::LaneId id, Lane& lane) {
  std::size_t skip = random_() % kPartitions;
  for (std::int32_t i = 0; i < kPartitions; ++i, ++skip) {
    const auto partition = static_cast<std::int32_t>(skip % kPartitions);
    std::set<Seq>& waiting = lane.waiting[partition];
    if (waiting.empty()) continue;
    const bool bury = random_() % kBuryOneIn == 0;
    const std::size_t wanted = bury ? 1 : 1 + random_() % 8;
    Seq last = 0;
    std::uint64_t count = 0;
    for (; count < wanted && !waiting.empty(); ++count) {
      last = *waiting.begin();
      oracle_.settling(lane.topic, last);
      waiting.erase(waiting.begin());
    }
    if (bury) {
      lane.progress.last_delivered.try_emplace(partition, lane.progress.prev(partition));
    } else {
      lane.progress.last_delivered.erase(partition);
    }
    lane.progress.through[partition] = last;
    update(lane);
    if (!bury) {
      store_.advance(id, lane.progress, count);
    } else if (store_.bury(id, last, partition, "nobody takes it", lane.progress).ok()) {
      oracle_.buried(lane.topic, last);
    }
    return true;
  }
  return false;
}

void FakeDrainer::update(Lane& lane) {
  Seq head = lane.tail + 1;
  for (const auto& [partition, waiting] : lane.waiting) {
    if (!waiting.empty()) head = std::min(head, *waiting.begin());
  }
  lane.progress.head = head;
  std::uint64_t waiting_count = 0;
  for (const auto& [partition, waiting] : lane.waiting) waiting_count += waiting.size();
  lane.progress.settled_above_head = lane.tail + 1 - head - waiting_count;
}

}  // namespace outbox::test
