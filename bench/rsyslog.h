#pragma once

#include <signal.h>

#include <filesystem>
#include <memory>

#include "child.h"
#include "rival.h"

namespace outbox::bench {

/// rsyslogd from a socket to Kafka by a disk queue and omkafka, with the relay's
/// librdkafka settings. It acknowledges nothing, so what it has read from the
/// socket counts as accepted. Values must be text; it adds no headers, and
/// librdkafka chooses the partition.
class Rsyslog {
 public:
  enum class Queue {
    kAsShipped,  ///< written, not synced
    kSynced,     ///< syncQueueFiles, and checkpointInterval=1
  };
  /// False: rsyslog or its module for Kafka is not installed.
  static bool installed();

  /// Starts it, and returns when it listens.
  Rsyslog(const Site& site, Queue queue);

  /// Writes what the feed gives to the socket; returns when it has read all, or has ended.
  void accept(Feed& feed, std::atomic<std::uint64_t>& accepted);
  /// It stands still, and reads no more.
  void freeze() { process_->signal(SIGSTOP); }
  void kill() { process_->kill(); }
  /// On the same queue.
  void start();

 private:
  void configure(Queue queue) const;
  std::filesystem::path socket_path() const { return site_.dir / "in"; }

  const Site site_;
  std::unique_ptr<Child> process_;
};

}  // namespace outbox::bench
