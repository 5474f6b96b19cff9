#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <vector>

#include "outbox/outbox.h"
#include "outbox/relay.h"

namespace outbox::bench {

/// An empty outbox in `dir`, which goes with it.
class FreshOutbox {
 public:
  explicit FreshOutbox(std::filesystem::path dir);
  ~FreshOutbox();
  FreshOutbox(const FreshOutbox&) = delete;
  FreshOutbox& operator=(const FreshOutbox&) = delete;
  Outbox& operator*() { return *outbox_; }
  Outbox* operator->() { return outbox_.get(); }

  /// A backlog of `count` entries, a multiple of kFillEntries.
  void fill(const Message& message, std::uint64_t count);
  /// Appends `count` entries with append_async, the messages of `turn` one
  /// after the other; returns when `relay` has delivered each.
  void append_through(Relay& relay, const std::vector<Message>& turn, std::uint64_t count);

 private:
  const std::filesystem::path dir_;
  std::atomic<std::uint64_t> durable_{0};  ///< of append_through; outlives the committer
  std::unique_ptr<Outbox> outbox_;
};

inline constexpr std::size_t kFillEntries = 1'000;
/// Longer than any drain that is worth measuring.
inline constexpr std::chrono::minutes kDrainMax{10};

Message message_of(const std::string& topic, const std::string& value);

/// Ends the program when an append failed.
void must_be_durable(const Result<Appended>& appended);

/// A run with rebuilds measures the brokers' trouble as well: it must be seen.
struct Troubles {
  std::uint64_t resent = 0;
  std::uint64_t rebuilds = 0;

  Troubles& operator+=(const Troubles& other) {
    resent += other.resent;
    rebuilds += other.rebuilds;
    return *this;
  }
};
Troubles troubles_of(const Relay& relay);

}  // namespace outbox::bench
