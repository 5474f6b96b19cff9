#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "outbox/message.h"
#include "outbox/stats.h"
#include "outbox/status.h"

namespace outbox::service {

/// What a user can do with an outbox, whoever holds it open: this process, a
/// running relay behind its socket, or a service that embeds the library
/// (reading only). Contracts as in outbox.h. Thread-safe.
class Access {
 public:
  virtual ~Access() = default;

  /// Durable when it answers; all or nothing.
  virtual Result<std::vector<Appended>> append(std::span<const Message> messages) = 0;
  virtual Result<Stats> stats() = 0;
  virtual Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                                std::size_t count) = 0;
  virtual Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                                       std::size_t count) = 0;
  virtual Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) = 0;
  virtual Result<Appended> requeue(const std::string& topic, Seq seq) = 0;
  virtual Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) = 0;
  virtual Result<PurgeRecord> purge(const std::string& topic, Seq through,
                                    const std::string& who) = 0;
  virtual Result<std::vector<PurgeRecord>> purges() = 0;

  /// Of a running relay; an empty topic means all. kNotFound where none runs.
  virtual Status pause(const std::string& topic) = 0;
  virtual Status resume(const std::string& topic) = 0;
  virtual Status accept(const std::string& topic) = 0;
};

}  // namespace outbox::service
