#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>

#include "append_threads.h"
#include "base/event.h"
#include "rocks_alone.h"
#include "store/format.h"

namespace outbox::bench {
namespace {

/// Callers leave their values with one thread, which writes and syncs all that are there at once.
/// One call wakes them. No records, no checks, no lanes, no waiting for those about to come.
class BareWriter {
 public:
  explicit BareWriter(RocksAlone& rocks) : rocks_(rocks), thread_([this] { run(); }) {}
  ~BareWriter();
  BareWriter(const BareWriter&) = delete;
  BareWriter& operator=(const BareWriter&) = delete;

  /// Returns when `value` is on disk.
  void append(const std::string& value);

 private:
  struct Group {
    std::vector<const std::string*> values;
    Event written;
  };
  void run();
  void write(const Group& group);

  RocksAlone& rocks_;
  Seq next_ = 1;
  rocksdb::WriteBatch batch_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::shared_ptr<Group> filling_ = std::make_shared<Group>();
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
  std::shared_ptr<Group> group;
  {
    const std::lock_guard lock(mutex_);
    group = filling_;
    group->values.push_back(&value);
    if (group->values.size() == 1) came_.notify_one();
  }
  group->written.wait();
}

void BareWriter::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    came_.wait(lock, [this] { return closed_ || !filling_->values.empty(); });
    if (filling_->values.empty()) return;
    const auto group = std::exchange(filling_, std::make_shared<Group>());
    lock.unlock();
    write(*group);
    group->written.set();
    lock.lock();
  }
}

void BareWriter::write(const Group& group) {
  batch_.Clear();
  for (const std::string* value : group.values) {
    must(batch_.Put(store::entry_key(1, next_++), *value));
  }
  rocks_.write(batch_);
}

}  // namespace

Sample bare_blocking(const AppendLoad& load, int threads) {
  RocksAlone rocks(load.dir, load.env);
  BareWriter writer(rocks);
  const std::string value = random_text(load.value_bytes);
  return drive(threads, load.seconds, 1, [&] { writer.append(value); });
}

}  // namespace outbox::bench
