#include "kafka/topic_limits.h"

#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

namespace outbox::kafka {
namespace {

// A limit changes by an operator's hand: seldom.
constexpr std::int64_t kAskAgainMs = 5 * 60 * 1'000;
constexpr int kRequestTimeoutMs = 10'000;
constexpr std::size_t kTopicsPerRequestMax = 1'000;
constexpr std::size_t kErrorTextBytes = 256;
constexpr std::string_view kLimitName = "max.message.bytes";

using OptionsPtr =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;
using ResourcePtr =
    std::unique_ptr<rd_kafka_ConfigResource_t, Destroyer<rd_kafka_ConfigResource_destroy>>;

std::int64_t limit_of(const rd_kafka_ConfigResource_t* resource) {
  std::size_t count = 0;
  const auto* entries = rd_kafka_ConfigResource_configs(resource, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(entries[i]);
    if (rd_kafka_ConfigEntry_name(entries[i]) != kLimitName || value == nullptr) continue;
    std::int64_t out = 0;
    std::from_chars(value, value + std::strlen(value), out);
    return out;
  }
  return 0;
}

}  // namespace

TopicLimits::TopicLimits(rd_kafka_t* handle)
    : handle_(handle), answers_(rd_kafka_queue_new(handle)) {}

void TopicLimits::ask(const std::vector<std::string>& topics, std::int64_t now_ms) {
  if (waiting_) return;
  std::vector<std::string> due;
  for (const auto& topic : topics) {
    const auto found = limits_.find(topic);
    if (found != limits_.end() && now_ms - found->second.asked_ms < kAskAgainMs) continue;
    limits_[topic].asked_ms = now_ms;
    due.push_back(topic);
    if (due.size() == kTopicsPerRequestMax) break;
  }
  if (!due.empty()) request(due);
}

void TopicLimits::request(const std::vector<std::string>& topics) {
  const OptionsPtr options(rd_kafka_AdminOptions_new(handle_, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS));
  std::array<char, kErrorTextBytes> text{};
  if (rd_kafka_AdminOptions_set_request_timeout(options.get(), kRequestTimeoutMs, text.data(),
                                                text.size()) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return;
  }
  std::vector<ResourcePtr> resources;
  std::vector<rd_kafka_ConfigResource_t*> pointers;
  for (const auto& topic : topics) {
    resources.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
    pointers.push_back(resources.back().get());
  }
  rd_kafka_DescribeConfigs(handle_, pointers.data(), pointers.size(), options.get(),
                           answers_.get());
  waiting_ = true;
}

void TopicLimits::harvest() {
  const EventPtr event(rd_kafka_queue_poll(answers_.get(), 0));
  if (!event) return;
  waiting_ = false;
  const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
  if (result == nullptr || rd_kafka_event_error(event.get()) != 0) return;
  std::size_t count = 0;
  const auto* resources = rd_kafka_DescribeConfigs_result_resources(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (rd_kafka_ConfigResource_error(resources[i]) != 0) continue;
    limits_[rd_kafka_ConfigResource_name(resources[i])].bytes_max = limit_of(resources[i]);
  }
}

std::int64_t TopicLimits::message_bytes_max(const std::string& topic) const {
  const auto found = limits_.find(topic);
  return found == limits_.end() ? 0 : found->second.bytes_max;
}

}  // namespace outbox::kafka
