#include <thread>

#include "measure.h"
#include "raw_kafka.h"
#include "rival.h"
#include "sqlite.h"

namespace outbox::bench {
namespace {

constexpr int kTransactionEntries = 1'000;

/// A lock that goes to whoever waited longest. SQLite's own waiting sleeps, and
/// lets a thread that inserts all the time win for ever; so does std::mutex.
class Turns {
 public:
  void lock() {
    const std::uint64_t mine = last_.fetch_add(1);
    for (std::uint64_t now = 0; (now = current_) != mine;) current_.wait(now);
  }
  void unlock() {
    ++current_;
    current_.notify_all();
  }

 private:
  std::atomic<std::uint64_t> last_{0};
  std::atomic<std::uint64_t> current_{0};
};

class SqliteRival : public Rival {
 public:
  explicit SqliteRival(const Site& site)
      : file_(site.dir / "outbox.db"),
        writer_(made(file_)),
        producer_(site.options, {site.topic}, site.partitions),
        relay_([this] { relay(); }) {}
  ~SqliteRival() override {
    stop_ = true;
    relay_.join();
  }

  void accept(Feed& feed, std::atomic<std::uint64_t>& accepted) override {
    writer_.run("PRAGMA synchronous=FULL");
    Sqlite::Statement insert(writer_, "INSERT INTO outbox(id, value) VALUES(?, ?)");
    while (feed.more()) {
      const std::lock_guard lock(writes_);
      writer_.run("BEGIN IMMEDIATE");
      for (int i = 0; i < kTransactionEntries; ++i)
        insert.bind(1, next_++).bind(2, feed.next()).run();
      writer_.run("COMMIT");
      accepted.fetch_add(kTransactionEntries, std::memory_order_relaxed);
    }
  }

  void drain() override {
    Sqlite::Statement first(writer_, "SELECT id FROM outbox LIMIT 1");
    for (bool found = true; found;) {
      found = first.step();
      first.reset();
      if (found) std::this_thread::sleep_for(10 * kIdle);
    }
  }

 private:
  static std::filesystem::path made(const std::filesystem::path& file) {
    std::filesystem::create_directories(file.parent_path());
    Sqlite db(file);
    db.run("PRAGMA journal_mode=WAL");
    db.run("CREATE TABLE IF NOT EXISTS outbox(id INTEGER PRIMARY KEY, value BLOB NOT NULL)");
    return file;
  }

  void relay() {
    Sqlite db(file_);
    // A deletion need not be synced: what comes back after a crash is sent twice, not lost.
    db.run("PRAGMA synchronous=NORMAL");
    Sqlite::Statement select(db, "SELECT id, value FROM outbox ORDER BY id LIMIT ?");
    Sqlite::Statement remove(db, "DELETE FROM outbox WHERE id <= ?");
    select.bind(1, std::int64_t{kRelayEntries});
    while (!stop_) {
      std::int64_t last = 0;
      while (select.step()) {
        last = select.integer(0);
        producer_.produce(select.blob(1), RawProducer::Copy::kYes);
      }
      select.reset();
      producer_.wait();
      if (last == 0) {
        std::this_thread::sleep_for(kIdle);
        continue;
      }
      const std::lock_guard lock(writes_);
      remove.bind(1, last).run();
    }
  }

  const std::filesystem::path file_;
  Sqlite writer_;
  Turns writes_;
  RawProducer producer_;
  std::int64_t next_ = 1;
  std::atomic<bool> stop_{false};
  std::thread relay_;
};

}  // namespace

std::unique_ptr<Rival> rival_sqlite(const Site& site) {
  return std::make_unique<SqliteRival>(site);
}

}  // namespace outbox::bench
