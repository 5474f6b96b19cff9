#include "crash/rig.h"

#include <array>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "crash/fake_drainer.h"
#include "support/drop_env.h"

namespace outbox::test {

namespace {

constexpr std::array<const char*, 3> kTopics = {"orders", "payments", "audit"};
constexpr std::size_t kValueBytesMax = 2'000;
constexpr int kAsyncWindow = 16;
constexpr std::size_t kBatchMax = 6;
constexpr std::size_t kIdempotentOneIn = 4;

using Random = std::mt19937_64;

std::string topic_of(Random& random) { return kTopics[random() % kTopics.size()]; }

Message message_of(const std::string& topic, const std::string& id, std::size_t bytes) {
  Message message;
  message.topic = topic;
  message.value = Oracle::value_of(id, bytes);
  if (bytes % kIdempotentOneIn == 0) message.idempotency_key = id;
  return message;
}

void produce_singly(store::Store& store, Oracle& oracle, Random random, int appends) {
  for (int i = 0; i < appends; ++i) {
    const std::string topic = topic_of(random);
    if (!append_one(store, oracle, topic, random() % kValueBytesMax).ok()) return;
  }
}

void produce_batches(store::Store& store, Oracle& oracle, Random random, int appends) {
  for (int i = 0; i < appends; ++i) {
    std::vector<Message> batch;
    std::vector<std::string> ids;
    for (std::size_t n = 1 + random() % kBatchMax; n > 0; --n) {
      const std::string topic = topic_of(random);
      ids.push_back(oracle.attempt(topic));
      batch.push_back(message_of(topic, ids.back(), random() % kValueBytesMax));
    }
    const auto result = store.append_batch(batch);
    for (std::size_t n = 0; n < ids.size(); ++n) {
      oracle.outcome(ids[n], result.ok() ? Result<Appended>((*result)[n]) : result.status());
    }
    if (!result.ok()) return;
  }
}

/// A window of unanswered appends; all are answered when it ends.
void produce_async(store::Store& store, Oracle& oracle, Random random, int appends) {
  std::mutex mutex;
  std::condition_variable answered;
  int open = 0;
  bool failed = false;
  for (int i = 0; i < appends; ++i) {
    const std::string topic = topic_of(random);
    const std::string id = oracle.attempt(topic);
    {
      std::unique_lock lock(mutex);
      answered.wait(lock, [&] { return open < kAsyncWindow; });
      if (failed) {
        oracle.outcome(id, Status(Code::kClosed, "never called"));
        break;
      }
      ++open;
    }
    store.append_async(message_of(topic, id, random() % kValueBytesMax),
                       [&, id](const Result<Appended>& result) {
                         oracle.outcome(id, result);
                         const std::lock_guard lock(mutex);
                         failed |= !result.ok();
                         --open;
                         answered.notify_one();
                       },
                       {});
  }
  std::unique_lock lock(mutex);
  answered.wait(lock, [&] { return open == 0; });
}

}  // namespace

Rig::Rig() : dir_(temp_.path() / "box") {
  std::filesystem::create_directory(dir_);
  fs_ = DropFs::create(dir_);
  env_ = make_drop_env(fs_);
}

Options Rig::small_options() {
  Options options;
  options.write_buffer_bytes = std::size_t{64} << 10;
  options.disk_reserve_bytes = 0;
  return options;
}

Result<std::unique_ptr<store::Store>> Rig::open(const Options& options,
                                                std::function<void(store::Database&)> opened) {
  store::StoreSeams seams;
  seams.env = env_.get();
  seams.opened = std::move(opened);
  return store::Store::open(dir_, options, seams);
}

Result<Appended> append_one(store::Store& store, Oracle& oracle, const std::string& topic,
                            std::size_t bytes) {
  const std::string id = oracle.attempt(topic);
  const Result<Appended> result = store.append(message_of(topic, id, bytes), {});
  oracle.outcome(id, result);
  return result;
}

void work(store::Store& store, Oracle& oracle, std::uint64_t seed, int appends_max) {
  FakeDrainer drainer(store, oracle, seed);
  drainer.start();
  std::vector<std::jthread> producers;
  for (std::uint64_t i = 0; i < 2; ++i) {
    producers.emplace_back(
        [&, i] { produce_singly(store, oracle, Random(seed * 8 + i), appends_max); });
  }
  producers.emplace_back(
      [&] { produce_batches(store, oracle, Random(seed * 8 + 2), appends_max); });
  producers.emplace_back([&] { produce_async(store, oracle, Random(seed * 8 + 3), appends_max); });
  producers.clear();
}

}  // namespace outbox::test
