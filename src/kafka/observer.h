#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kafka/preflight.h"
#include "kafka/properties.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// Shared, because it is told again with every round and changes seldom.
using Findings = std::shared_ptr<const std::vector<Finding>>;

/// A topic as the cluster last told.
struct TopicState {
  std::string topic;
  /// rd_kafka_resp_err_t of the topic itself; 0 = it exists.
  std::int32_t error = 0;
  /// The broker that leads each partition; -1 = none. Empty with an error.
  std::vector<std::int32_t> leaders;
  /// max.message.bytes; 0 = not known (yet, or no right to ask).
  std::int64_t message_bytes_max = 0;
  /// The preflight's, of the topic and of the brokers; another pointer when they changed. Null:
  /// not judged (yet).
  Findings findings;

  friend bool operator==(const TopicState&, const TopicState&) = default;
};

/// What the observer found since it was last asked.
struct Observed {
  /// The last round's outcome; empty text when the cluster answered.
  bool connected = false;
  std::string trouble;
  /// Every watched topic the last round told of, changed or not.
  std::vector<TopicState> topics;
};

/// Watches topics: partitions, leaders, limits, and whether they are safe. It has a librdkafka
/// instance of its own, so it sees the cluster whatever state a producer is in, and a thread of its
/// own, because librdkafka's metadata call blocks. Rounds are every half minute, and close together
/// while something is wrong or was asked for. Methods may be called from any thread and do not
/// block.
class ObserverApi {
 public:
  virtual ~ObserverApi() = default;
  /// Replaces the set of topics that are watched; new ones are asked for at once.
  virtual void watch(std::vector<std::string> topics) = 0;
  /// Something is wrong: ask now, not at the next round.
  virtual void refresh_soon() = 0;
  /// False: nothing new since the last call.
  virtual bool take(Observed& into) = 0;
};

/// `on_news` is called on the observer's thread when take() has something; it
/// must not block. Destroying the result waits for a running metadata call.
Result<std::unique_ptr<ObserverApi>> make_observer(const RelayOptions& options,
                                                   std::function<void()> on_news);

}  // namespace outbox::kafka
