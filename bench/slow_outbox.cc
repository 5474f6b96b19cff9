#include "slow_outbox.h"

#include "append_threads.h"
#include "fresh_outbox.h"
#include "store/store.h"

namespace outbox::bench {
namespace {

std::unique_ptr<store::Store> fresh_store(const AppendLoad& load) {
  std::filesystem::remove_all(load.dir);
  return value_of(store::Store::open(load.dir, Options{}, {load.env, nullptr}));
}

}  // namespace

Sample slow_outbox_blocking(const AppendLoad& load, int threads) {
  const auto store = fresh_store(load);
  const Message message = message_of("orders", random_text(load.value_bytes));
  return drive(threads, load.seconds, 1, [&] { must(store->append(message, {})); });
}

Sample slow_outbox_async(const AppendLoad& load) {
  const auto store = fresh_store(load);
  const Message message = message_of("orders", random_text(load.value_bytes));
  std::uint64_t asked = 0;
  const StopWatch watch;
  while (watch.seconds() < load.seconds) {
    for (std::size_t i = 0; i < kBulkEntries; ++i) {
      store->append_async(message, must_be_durable, {});
    }
    asked += kBulkEntries;
  }
  must(store->append(message, {}));  // durable after all of them
  return {static_cast<double>(asked + 1) / watch.seconds()};
}

}  // namespace outbox::bench
