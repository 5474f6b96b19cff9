#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "outbox/options.h"

namespace outbox::bench {

/// What each rival is fed: values that begin with their number, 0, 1, 2, ...,
/// as long as `more()`.
class Feed {
 public:
  Feed(std::size_t value_bytes, std::function<bool()> more);
  /// Asked before each message, or before each batch where that is the rival's way.
  bool more() const { return more_(); }
  /// Good until the next call.
  const std::string& next();
  /// How many so far.
  std::uint64_t given() const { return next_; }

 private:
  const std::function<bool()> more_;
  std::string value_;
  std::uint64_t next_ = 0;
};

/// The number in a value that a Feed made; nullopt: none did.
std::optional<std::uint64_t> number_in(std::string_view value);

/// Where a rival works: a directory of its own, and a topic.
struct Site {
  std::filesystem::path dir;
  RelayOptions options;
  std::string topic;
  std::int32_t partitions = 0;
};

/// Takes messages, keeps them in its directory and sends them to Kafka
/// meanwhile. Made anew on the same directory it goes on with what is there.
class Rival {
 public:
  virtual ~Rival() = default;
  /// Takes what the feed gives, in order, and returns when all of it is held as
  /// safely as this rival ever holds it; `accepted` counts along.
  virtual void accept(Feed& feed, std::atomic<std::uint64_t>& accepted) = 0;
  /// Returns when everything it holds has been sent, and acknowledged by Kafka.
  virtual void drain() = 0;
};

/// The outbox: append_async and a relay.
std::unique_ptr<Rival> rival_outbox(const Site& site);
/// What one writes in an afternoon: RocksDB as shipped, one synced Put a
/// message; a loop that reads from the first entry on, produces, waits for the
/// reports and deletes each.
std::unique_ptr<Rival> rival_naive(const Site& site);
/// SQLite: WAL, synchronous=FULL, a transaction for each thousand inserts;
/// a loop that selects, produces, waits for the reports and deletes the range.
std::unique_ptr<Rival> rival_sqlite(const Site& site);

/// The ones above by name: outbox, naive, sqlite.
std::unique_ptr<Rival> make_rival(const std::string& name, const Site& site);

/// Both loops take so many at most, and wait so long when there is nothing.
inline constexpr std::size_t kRelayEntries = 10'000;
inline constexpr std::chrono::milliseconds kIdle{1};

}  // namespace outbox::bench
