#include "cli/put_sink.h"

#include <utility>

#include "cli/output.h"

namespace outbox::cli {
namespace {

/// Large enough that the fsync is shared by many, small enough for a steady
/// output and bounded memory.
constexpr std::size_t kBatchEntries = 1'000;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;

std::size_t bytes_of(const Message& message) {
  std::size_t bytes = message.topic.size();
  if (message.key) bytes += message.key->size();
  if (message.value) bytes += message.value->size();
  for (const Header& header : message.headers) {
    bytes += header.name.size() + (header.value ? header.value->size() : 0);
  }
  return bytes;
}

}  // namespace

Status PutSink::add(Message message, std::string origin) {
  const std::size_t bytes = bytes_of(message);
  // A large message goes alone: it may need all the room a request has.
  if (bytes_ + bytes > kBatchBytes) {
    if (Status status = flush(); !status.ok()) return status;
  }
  bytes_ += bytes;
  messages_.push_back(std::move(message));
  origins_.push_back(std::move(origin));
  return messages_.size() < kBatchEntries ? Status() : flush();
}

Status PutSink::flush() {
  const Status status = messages_.empty() ? Status() : append(0, messages_.size());
  messages_.clear();
  origins_.clear();
  bytes_ = 0;
  return status;
}

Status PutSink::append(std::size_t from, std::size_t count) {
  const auto appended = access_.append(std::span(messages_).subspan(from, count));
  if (appended.ok()) return print_batch(from, *appended);
  const Status& status = appended.status();
  const bool message_at_fault =
      status.code() == Code::kInvalidArgument || status.code() == Code::kTooLarge;
  if (!message_at_fault) return status;
  if (count == 1) return {status.code(), origins_[from] + ": " + status.message()};
  // A batch is all or nothing: halve it until the culprit stands alone.
  const std::size_t half = count / 2;
  if (Status first = append(from, half); !first.ok()) return first;
  return append(from + half, count - half);
}

Status PutSink::print_batch(std::size_t from, const std::vector<Appended>& appended) {
  durable_ += appended.size();
  if (quiet_) return {};
  std::string text;
  for (std::size_t i = 0; i < appended.size(); ++i) {
    text += messages_[from + i].topic + " " + std::to_string(appended[i].seq) + "\n";
  }
  const Status status = print(text);
  if (status.ok()) return status;
  return {status.code(), status.message() + "; " + std::to_string(durable_) +
                             " entries are durable, not all of them were printed"};
}

}  // namespace outbox::cli
