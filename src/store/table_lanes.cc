#include "store/table_lanes.h"

#include <string>

#include "store/coding.h"

namespace outbox::store {
namespace {

constexpr const char* kProperty = "outbox.lanes";
constexpr char kVersion = 1;

class Collector final : public rocksdb::TablePropertiesCollector {
 public:
  rocksdb::Status AddUserKey(const rocksdb::Slice& key, const rocksdb::Slice& /*value*/,
                             rocksdb::EntryType type, rocksdb::SequenceNumber /*number*/,
                             std::uint64_t /*file_bytes*/) override {
    known_ = known_ && type == rocksdb::kEntryPut && key.size() == kKeyBytes;
    if (!known_) return rocksdb::Status::OK();
    const LaneId lane = lane_of_key({key.data(), key.size()});
    if (lanes_.empty() || lanes_.back().first != lane) lanes_.emplace_back(lane, 0);
    lanes_.back().second = seq_of_key({key.data(), key.size()});
    known_ = lanes_.size() <= kTableLanesMax;
    return rocksdb::Status::OK();
  }
  rocksdb::Status Finish(rocksdb::UserCollectedProperties* properties) override {
    if (!known_) return rocksdb::Status::OK();
    std::string& value = (*properties)[kProperty];
    value.assign(1, kVersion);
    for (const auto& [lane, last] : lanes_) {
      append_varint(value, lane);
      append_varint(value, last);
    }
    return rocksdb::Status::OK();
  }
  rocksdb::UserCollectedProperties GetReadableProperties() const override { return {}; }
  const char* Name() const override { return kProperty; }

 private:
  bool known_ = true;
  TableLanes lanes_;
};

class Factory final : public rocksdb::TablePropertiesCollectorFactory {
 public:
  rocksdb::TablePropertiesCollector* CreateTablePropertiesCollector(Context /*context*/) override {
    return new Collector;
  }
  const char* Name() const override { return kProperty; }
};

}  // namespace

std::shared_ptr<rocksdb::TablePropertiesCollectorFactory> make_table_lanes_factory() {
  return std::make_shared<Factory>();
}

std::optional<TableLanes> table_lanes(const rocksdb::UserCollectedProperties& properties) {
  const auto found = properties.find(kProperty);
  if (found == properties.end()) return std::nullopt;
  Parser parser(found->second);
  if (parser.big<std::uint8_t>() != static_cast<std::uint8_t>(kVersion)) return std::nullopt;
  TableLanes lanes;
  while (parser.ok() && !parser.at_end()) {
    const std::uint64_t lane = parser.varint();
    lanes.emplace_back(static_cast<LaneId>(lane), parser.varint());
  }
  if (!parser.ok()) return std::nullopt;
  return lanes;
}

}  // namespace outbox::store
