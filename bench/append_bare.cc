#include <condition_variable>
#include <mutex>

#include "append_threads.h"
#include "base/event.h"
#include "rocks_alone.h"
#include "store/format.h"

namespace outbox::bench {
namespace {

/// Callers leave their values with one thread, which writes and syncs all that are there at once.
/// No records, no checks, no lanes, no waiting for those who are about to come.
class BareWriter {
 public:
  explicit BareWriter(RocksAlone& rocks) : rocks_(rocks), thread_([this] { run(); }) {}
  ~BareWriter();
  BareWriter(const BareWriter&) = delete;
  BareWriter& operator=(const BareWriter&) = delete;

  /// Returns when `value` is on disk.
  void append(const std::string& value);

 private:
  struct Caller {
    const std::string& value;
    Event written;
  };
  void run();
  void write(const std::vector<Caller*>& group);

  RocksAlone& rocks_;
  Seq next_ = 1;
  rocksdb::WriteBatch batch_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<Caller*> waiting_;
  bool closed_ = false;
  std::thread thread_;  ///< last: it uses the others
};

BareWriter::~BareWriter() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  came_.notify_one();
  thread_.join();
}

void BareWriter::append(const std::string& value) {
  Caller caller{value, {}};
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(&caller);
    if (waiting_.size() == 1) came_.notify_one();
  }
  caller.written.wait();
}

void BareWriter::run() {
  std::vector<Caller*> group;
  std::unique_lock lock(mutex_);
  while (true) {
    came_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    group.swap(waiting_);
    lock.unlock();
    write(group);
    group.clear();
    lock.lock();
  }
}

void BareWriter::write(const std::vector<Caller*>& group) {
  batch_.Clear();
  for (const Caller* caller : group) must(batch_.Put(store::entry_key(1, next_++), caller->value));
  rocks_.write(batch_);
  for (Caller* caller : group) caller->written.set();
}

}  // namespace

Sample bare_blocking(const AppendLoad& load, int threads) {
  RocksAlone rocks(load.dir, load.env);
  BareWriter writer(rocks);
  const std::string value = random_text(load.value_bytes);
  return drive(threads, load.seconds, 1, [&] { writer.append(value); });
}

}  // namespace outbox::bench
