#pragma once

#include <cstdint>
#include <string>

#include "outbox/options.h"

namespace outbox::bench {

/// A topic that a process of its own makes, keeps as long as the object lives, and deletes: so
/// that this process stays without threads (own_process.h).
class KeptTopic {
 public:
  KeptTopic(const RelayOptions& options, const std::string& prefix, std::int32_t partitions);
  ~KeptTopic();
  KeptTopic(const KeptTopic&) = delete;
  KeptTopic& operator=(const KeptTopic&) = delete;
  const std::string& name() const { return name_; }

 private:
  std::string name_;
  int keeper_ = 0;
  int until_closed_ = -1;
};

}  // namespace outbox::bench
