#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "cli/demo_check.h"
#include "outbox/status.h"

struct rd_kafka_s;

namespace outbox::cli {

/// Reads the demo's topic back, all the time and from the first offset: the
/// mock cluster trims its log. A thread of its own, from open() to the destructor.
class DemoReader {
 public:
  static Result<std::unique_ptr<DemoReader>> open(const std::string& bootstrap_servers,
                                                  const std::string& topic, int partitions,
                                                  DemoCheck& check);
  ~DemoReader();
  DemoReader(const DemoReader&) = delete;
  DemoReader& operator=(const DemoReader&) = delete;

 private:
  DemoReader(rd_kafka_s* consumer, DemoCheck& check);
  void loop();

  rd_kafka_s* const consumer_;
  DemoCheck& check_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace outbox::cli
