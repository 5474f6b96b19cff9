#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "outbox/message.h"
#include "outbox/status.h"
#include "store/store.h"

namespace outbox::salvage {

/// Where the entries of one lane go, in order.
class Sink {
 public:
  virtual ~Sink() = default;
  /// Answers the number that the message gets; 0: none.
  virtual Result<Seq> take(Message message) = 0;
  /// Everything that was taken is durable.
  virtual Status finish() = 0;
};

/// Into the new outbox, in batches.
class StoreSink : public Sink {
 public:
  explicit StoreSink(store::Store& store) : store_(store) {}
  Result<Seq> take(Message message) override;
  Status finish() override;

 private:
  store::Store& store_;
  std::vector<Message> batch_;
  std::size_t batch_bytes_ = 0;
  Seq last_ = 0;
};

/// Into a file for `outbox-relay put --ndjson`; made with the first message.
class FileSink : public Sink {
 public:
  explicit FileSink(std::filesystem::path path) : path_(std::move(path)) {}
  Result<Seq> take(Message message) override;
  Status finish() override;

 private:
  Status failed() const;

  const std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace outbox::salvage
