#include "salvage/sink.h"

#include <nlohmann/json.hpp>

#include "base/check.h"
#include "salvage/copy.h"
#include "service/json_out.h"
#include "store/validate.h"

namespace outbox::salvage {
namespace {

constexpr std::size_t kBatchEntriesMax = 1'000;
constexpr std::size_t kBatchBytesMax = std::size_t{4} << 20;

}  // namespace

Result<Seq> StoreSink::take(Message message) {
  batch_bytes_ += store::message_bytes(message);
  batch_.push_back(std::move(message));
  ++last_;
  if (batch_.size() >= kBatchEntriesMax || batch_bytes_ >= kBatchBytesMax) {
    if (Status status = finish(); !status.ok()) return status;
  }
  return last_;
}

Status StoreSink::finish() {
  if (batch_.empty()) return {};
  const auto appended = store_.append_batch(batch_);
  if (!appended.ok()) return appended.status();
  // Nobody else appends to an outbox that nobody knows yet.
  OUTBOX_CHECK(appended->back().seq == last_);
  batch_.clear();
  batch_bytes_ = 0;
  return {};
}

Result<Seq> FileSink::take(Message message) {
  if (!file_.is_open()) file_.open(path_, std::ios::binary);
  auto json = service::message_json(message);
  if (message.topic.empty()) json.erase("topic");
  file_ << service::json_text(json) << '\n';
  if (!file_) return failed();
  return Seq{0};
}

Status FileSink::finish() {
  if (!file_.is_open()) return {};
  file_.close();
  if (!file_) return failed();
  return sync_file(path_);
}

Status FileSink::failed() const {
  return {Code::kIoError, "writing " + path_.string() + " failed; is the disk full?"};
}

}  // namespace outbox::salvage
