#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "unit/store/fixture.h"

namespace outbox::test {

/// Writes down what it is told.
class Recorder : public store::Drainer {
 public:
  void on_durable(const store::SlabPtr& slab) override {
    for (const store::SlabEntry& entry : slab->entries()) {
      if (!store::decode(entry.record, entry.lane, entry.seq).ok()) ++bad;
      if (entry.seq != ++last[entry.lane]) ++bad;
    }
  }
  Result<PurgeRecord> purge(const std::string&, Seq, const std::string&) override {
    return Status(Code::kInvalidArgument, "no");
  }
  std::string lane_state(store::LaneId) const override { return "flowing"; }

  int bad = 0;
  std::map<store::LaneId, Seq> last;
};

/// Collects the results of asynchronous appends.
class Results {
 public:
  AppendCallback callback() {
    return [this](const Result<Appended>& result) {
      const std::lock_guard lock(mutex_);
      codes.push_back(result.status().code());
      threads.insert(std::this_thread::get_id());
      changed_.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), [&] { return codes.size() >= count; });
  }

  std::vector<Code> codes;
  std::set<std::thread::id> threads;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace outbox::test
