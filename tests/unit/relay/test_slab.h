#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/slab.h"

namespace outbox::relay::test {

inline Message message_of(const std::string& value) {
  Message message;
  message.topic = "t";
  message.key = "key";
  message.value = value;
  message.headers = {{"name", "value"}, {"null", std::nullopt}};
  return message;
}

/// A slab of sealed records.
class TestSlab final : public store::Slab {
 public:
  void add(store::LaneId lane, Seq seq, const Message& message) {
    records_.push_back(std::make_unique<std::string>());
    store::encode_body(message, 0x2a, 5, *records_.back());
    store::seal(*records_.back(), lane, seq);
    entries_.push_back({lane, seq, *records_.back(), this});
  }
  std::size_t bytes() const override { return bytes_; }
  void set_bytes(std::size_t bytes) { bytes_ = bytes; }

 private:
  std::vector<std::unique_ptr<std::string>> records_;
  std::size_t bytes_ = 1'000;
};

}  // namespace outbox::relay::test
