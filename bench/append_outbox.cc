#include <memory>

#include "append_threads.h"
#include "outbox/outbox.h"

namespace outbox::bench {
namespace {

class OpenOutbox {
 public:
  explicit OpenOutbox(const AppendLoad& load) : dir_(load.dir) {
    std::filesystem::remove_all(dir_);
    auto opened = Outbox::open(dir_, Options{});
    must(opened, opened.status().to_string());
    outbox_ = std::move(opened).value();
  }
  ~OpenOutbox() {
    outbox_.reset();
    std::filesystem::remove_all(dir_);
  }
  OpenOutbox(const OpenOutbox&) = delete;
  OpenOutbox& operator=(const OpenOutbox&) = delete;
  Outbox* operator->() { return outbox_.get(); }

 private:
  const std::filesystem::path dir_;
  std::unique_ptr<Outbox> outbox_;
};

Message message_of(const AppendLoad& load) {
  Message message;
  message.topic = "orders";
  message.value = random_bytes(load.value_bytes);
  return message;
}

}  // namespace

Sample outbox_blocking(const AppendLoad& load, int threads) {
  OpenOutbox outbox(load);
  const Message message = message_of(load);
  return drive(threads, load.seconds, 1, [&] {
    const auto appended = outbox->append(message);
    must(appended, appended.status().to_string());
  });
}

Sample outbox_batches(const AppendLoad& load) {
  OpenOutbox outbox(load);
  const std::vector<Message> messages(kBulkEntries, message_of(load));
  return drive(1, load.seconds, kBulkEntries, [&] {
    const auto appended = outbox->append_batch(messages);
    must(appended, appended.status().to_string());
  });
}

Sample outbox_async(const AppendLoad& load) {
  OpenOutbox outbox(load);
  const Message message = message_of(load);
  std::atomic<std::uint64_t> durable{0};
  const AppendCallback done = [&durable](const Result<Appended>& appended) {
    must(appended, appended.status().to_string());
    durable.fetch_add(1, std::memory_order_relaxed);
  };
  std::uint64_t asked = 0;
  const StopWatch watch;
  while (watch.seconds() < load.seconds) {
    for (std::size_t i = 0; i < kBulkEntries; ++i) outbox->append_async(message, done);
    asked += kBulkEntries;
  }
  while (durable < asked) std::this_thread::yield();
  return {static_cast<double>(asked) / watch.seconds()};
}

}  // namespace outbox::bench
