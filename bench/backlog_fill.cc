#include "backlog_fill.h"

#include "fresh_outbox.h"
#include "measure.h"

namespace outbox::bench {

void fill(store::Store& store, const Fill& what) {
  Message message;
  message.value = random_text(what.value_bytes);
  std::vector<std::string> topics{what.topic};
  for (std::uint32_t i = 1; i < what.topics; ++i) {
    topics.push_back(what.topic + "-" + std::to_string(i));
  }
  const auto next = [&](std::uint64_t i) -> const Message& {
    message.topic = topics[i % topics.size()];
    return message;
  };
  for (std::uint64_t i = 0; i + 1 < what.entries; ++i)
    store.append_async(next(i), must_be_durable, {});
  // Durable after all of them.
  must(store.append(next(what.entries - 1), {}));
}

}  // namespace outbox::bench
