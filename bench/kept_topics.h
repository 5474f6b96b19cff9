#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "outbox/options.h"

namespace outbox::bench {

/// BenchTopics that a process of its own makes, keeps as long as the object lives, and deletes: so
/// that this process stays without threads (own_process.h).
class KeptTopics {
 public:
  KeptTopics(const RelayOptions& options, const std::string& prefix, int count,
             std::int32_t partitions);
  ~KeptTopics();
  KeptTopics(const KeptTopics&) = delete;
  KeptTopics& operator=(const KeptTopics&) = delete;
  const std::vector<std::string>& names() const { return names_; }
  /// The first of them.
  const std::string& name() const { return names_.front(); }

 private:
  std::vector<std::string> names_;
  int keeper_ = 0;
  int until_closed_ = -1;
};

}  // namespace outbox::bench
