#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/event.h"
#include "store/commit_request.h"
#include "store/commit_slab.h"

namespace outbox::store {

/// Requests that become durable in one write. It is built as they come, while the one before is
/// written; so there are several, and each is written in its turn.
struct Group {
  /// What it adds to one lane.
  struct Touched {
    Lane* lane;
    Seq from;
    std::uint64_t entries = 0;
    std::uint64_t bytes = 0;

    Seq through() const { return from + entries - 1; }
  };

  std::uint64_t number = 0;
  std::shared_ptr<CommitSlab> slab;
  std::vector<CommitRequest*> requests;
  /// Those of them whose items have their numbers and are not in the batch yet.
  std::vector<CommitRequest*> numbered;
  /// Their status is final: for those who wait, who keep it as long. Null: nobody does.
  std::shared_ptr<Event> answered;
  std::vector<Touched> touched;
  std::vector<std::string> idempotency_keys;  ///< that it remembers
  std::size_t bytes = 0;                      ///< of the records
  std::size_t waiting_bytes = 0;              ///< CommitRequest::waiting_bytes of all

  /// As new, with the memory that its lists have.
  void clear() {
    slab.reset();
    requests.clear();
    numbered.clear();
    answered.reset();
    touched.clear();
    idempotency_keys.clear();
    bytes = waiting_bytes = 0;
  }
};

}  // namespace outbox::store
