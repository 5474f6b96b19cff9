#include "append_threads.h"
#include "fresh_outbox.h"
#include "measure.h"

namespace outbox::bench {
namespace {

Message message_of(const AppendLoad& load) {
  return bench::message_of("orders", random_text(load.value_bytes));
}

}  // namespace

Sample outbox_blocking(const AppendLoad& load, int threads) {
  FreshOutbox outbox(load.dir);
  const Message message = message_of(load);
  return drive(threads, load.seconds, 1, [&] { must(outbox->append(message)); });
}

Sample outbox_batches(const AppendLoad& load) {
  FreshOutbox outbox(load.dir);
  const std::vector<Message> messages(kBulkEntries, message_of(load));
  return drive(1, load.seconds, kBulkEntries, [&] { must(outbox->append_batch(messages)); });
}

Sample outbox_async(const AppendLoad& load) {
  FreshOutbox outbox(load.dir);
  const Message message = message_of(load);
  std::atomic<std::uint64_t> durable{0};
  const AppendCallback done = [&durable](const Result<Appended>& appended) {
    must(appended);
    durable.fetch_add(1, std::memory_order_relaxed);
  };
  std::uint64_t asked = 0;
  const double cpu = cpu_seconds();
  const StopWatch watch;
  while (watch.seconds() < load.seconds) {
    for (std::size_t i = 0; i < kBulkEntries; ++i) outbox->append_async(message, done);
    asked += kBulkEntries;
  }
  while (durable < asked) std::this_thread::yield();
  const auto messages = static_cast<double>(asked);
  return {messages / watch.seconds(), 0, 0, (cpu_seconds() - cpu) * 1e6 / messages};
}

}  // namespace outbox::bench
