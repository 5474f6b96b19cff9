#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "kafka/producer_api.h"
#include "outbox/message.h"
#include "store/format.h"

namespace outbox::relay {

/// Makes a librdkafka message of a stored record: the user's headers, then
/// `outbox-id: <outbox>.<session>/<seq>` (session in hex) and `outbox-prev: <seq>`.
/// The result points into the record and into this; it lives until the next
/// build(). Relay thread only.
class MessageBuilder {
 public:
  MessageBuilder(std::string outbox_id, bool id_headers)
      : outbox_id_(std::move(outbox_id)), id_headers_(id_headers) {}

  kafka::OutMessage& build(const store::RecordView& record, Seq seq, Seq prev);

 private:
  void add_user_headers(const store::RecordView& record);
  void add_id_headers(const store::RecordView& record, Seq seq, Seq prev);
  const std::string& prefix(store::SessionId session);

  static constexpr std::size_t kNumberBytes = 20;
  static constexpr std::size_t kIdBytesMax = 64;

  const std::string outbox_id_;
  const bool id_headers_;
  kafka::OutMessage message_;
  std::vector<kafka::OutHeader> headers_;
  std::string names_;
  std::array<char, kIdBytesMax> id_{};
  std::array<char, kNumberBytes> prev_{};
  store::SessionId prefix_session_ = 0;
  std::string prefix_;
};

}  // namespace outbox::relay
