#include "relay/message_builder.h"

#include <charconv>
#include <cstring>

#include "base/check.h"
#include "base/id_headers.h"
#include "base/mutant.h"

namespace outbox::relay {
namespace {

/// What kRequeueKeepsNumber sends.
[[maybe_unused]] std::string_view old_number(const std::vector<kafka::OutHeader>& headers,
                                             std::string_view otherwise) {
  for (const kafka::OutHeader& header : headers) {
    if (std::string_view(header.name) == "outbox-requeued-from") return *header.value;
  }
  return otherwise;
}

}  // namespace

kafka::OutMessage& MessageBuilder::build(const store::RecordView& record, Seq seq, Seq prev) {
  headers_.clear();
  if (record.header_count > 0) add_user_headers(record);
  if (id_headers_) add_id_headers(record, seq, prev);
  message_.key = record.key;
  message_.value = record.value;
  message_.timestamp_ms = record.timestamp_ms;
  message_.headers = headers_;
  return message_;
}

// librdkafka wants names with a NUL at the end, which stored ones have not.
void MessageBuilder::add_user_headers(const store::RecordView& record) {
  names_.clear();
  // Never moved while names are added: each is followed by its NUL, and a stored header has at
  // least as many bytes.
  names_.reserve(record.headers.size() + record.header_count);
  store::HeaderCursor cursor(record);
  std::string_view name;
  std::optional<std::string_view> value;
  while (cursor.next(name, value)) {
    const char* at = names_.data() + names_.size();
    names_.append(name).push_back('\0');
    headers_.push_back({at, value});
  }
}

void MessageBuilder::add_id_headers(const store::RecordView& record, Seq seq, Seq prev) {
  const std::string& text = prefix(record.session);
  OUTBOX_CHECK(text.size() + kNumberBytes <= kIdBytesMax);
  std::memcpy(id_.data(), text.data(), text.size());
  char* const id_end = std::to_chars(id_.data() + text.size(), id_.data() + id_.size(), seq).ptr;
  char* const prev_end = std::to_chars(prev_.data(), prev_.data() + prev_.size(), prev).ptr;
  std::string_view id(id_.data(), id_end);
  if (mutant(Mutant::kRequeueKeepsNumber)) id = old_number(headers_, id);
  headers_.push_back({kIdHeader, id});
  if (mutant(Mutant::kPrevWrong)) prev_[0] = '9';
  headers_.push_back({kPrevHeader, std::string_view(prev_.data(), prev_end)});
}

// Nearly always the session of the entry before.
const std::string& MessageBuilder::prefix(store::SessionId session) {
  if (prefix_.empty() || session != prefix_session_) {
    prefix_ = store::session_prefix(outbox_id_, session);
    prefix_session_ = session;
  }
  return prefix_;
}

}  // namespace outbox::relay
