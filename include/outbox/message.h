#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "outbox/status.h"

namespace outbox {

/// Position of an entry in its lane (= topic): dense, 1, 2, 3, ... per
/// (outbox, topic). 0 is never an entry.
using Seq = std::uint64_t;

/// A Kafka record header. A null value differs from an empty one.
struct Header {
  std::string name;
  std::optional<std::string> value;

  friend bool operator==(const Header&, const Header&) = default;
};

/// What a service hands over. A value type; the outbox copies what it needs
/// before append returns. Bytes are opaque: nothing is re-encoded.
struct Message {
  /// Kafka topic name: 1-249 of [a-zA-Z0-9._-], not "." or "..".
  std::string topic;
  /// Null differs from empty. Decides the partition as Java's default
  /// partitioner does (murmur2), unless `partition` is set.
  std::optional<std::string> key;
  /// Null is Kafka's tombstone.
  std::optional<std::string> value;
  std::vector<Header> headers;
  /// The caller's own placement; wins over the key.
  std::optional<std::int32_t> partition;
  /// Milliseconds since the Unix epoch; unset = the time of the append.
  std::optional<std::int64_t> timestamp_ms;
  /// Non-empty: a second append with the same key (in the same outbox, within
  /// the window of Options) is answered with the first one's sequence number
  /// and appends nothing. At most 256 bytes.
  std::string idempotency_key;
};

/// Answer to an append that is durable.
struct Appended {
  Seq seq = 0;
  /// True when idempotency_key was seen before: `seq` is the first append's.
  bool repeated = false;

  friend bool operator==(const Appended&, const Appended&) = default;
};

/// The entry is in Kafka: a delivery report with a real offset was received.
struct Delivered {
  std::int32_t partition = -1;
  std::int64_t offset = -1;
};

/// The entry was moved to the dead-letter store or purged by an operator.
struct Dead {
  std::string reason;
};

/// The end of an entry's way. Exactly one is reported for each entry that was
/// appended with a DeliveryCallback, unless the process ends first: callbacks
/// do not survive a restart, Outbox::settled_through() does.
struct DeliveryOutcome {
  std::string topic;
  Seq seq = 0;
  std::variant<Delivered, Dead> how;

  bool delivered() const { return std::holds_alternative<Delivered>(how); }
};

/// Called on the relay's callback thread, in sequence order per partition; of what is purged
/// without a relay, on the thread that purges. Must not block for long (it holds up other
/// callbacks, not the relay), and must not throw.
using DeliveryCallback = std::function<void(const DeliveryOutcome&)>;

/// Called once per append_async, on the outbox's committer thread, in call order for calls of one
/// thread (of a closed outbox on the caller's own, before it returns). Must not block and must not
/// throw. An append_async from within is refused at once where the outbox is full.
using AppendCallback = std::function<void(const Result<Appended>&)>;

}  // namespace outbox
