#include "model/sim_broker.h"

#include <algorithm>

namespace outbox::model {
namespace {
constexpr std::size_t kBatchesRemembered = 5;
}

Answer SimBroker::produce(store::LaneId lane, std::int32_t partition, const WireBatch& batch) {
  SimTopic& to = topics_[lane];
  if (!to.exists || partition < 0 || static_cast<std::size_t>(partition) >= to.partitions.size()) {
    return {BrokerError::kUnknownTopic, -1};
  }
  if (!to.authorized) return {BrokerError::kUnauthorized, -1};
  SimPartition& p = to.partitions[static_cast<std::size_t>(partition)];
  if (p.leader < 0) return {BrokerError::kNotLeader, -1};
  if (p.isr_short) return {BrokerError::kNotEnoughReplicas, -1};
  for (const WireMessage& message : batch.messages) {
    if (to.poison.contains(message.seq)) return {BrokerError::kTooLarge, -1};
  }
  return append(p, batch);
}

Answer SimBroker::append(SimPartition& p, const WireBatch& batch) {
  const std::int64_t last = batch.base + static_cast<std::int64_t>(batch.messages.size()) - 1;
  const auto known = p.producers.find(batch.producer_id);
  if (known == p.producers.end()) {
    const bool follows = !p.log.empty() && p.log.back().seq == batch.messages.front().prev;
    if (batch.base != 0 && !follows) p.order_broken = true;
  } else if (batch.epoch < known->second.epoch) {
    return {BrokerError::kOutOfOrder, -1};
  } else if (batch.epoch > known->second.epoch) {
    if (batch.base != 0) return {BrokerError::kOutOfOrder, -1};
    known->second.batches.clear();
  } else {
    const auto& batches = known->second.batches;
    for (const auto& each : batches) {
      if (each.base == batch.base && each.last == last) return {BrokerError::kNone, each.offset};
    }
    if (last <= batches.back().last) return {BrokerError::kDuplicate, -1};
    if (batch.base != batches.back().last + 1) return {BrokerError::kOutOfOrder, -1};
  }
  SimPartition::ProducerState& state = p.producers[batch.producer_id];
  state.epoch = batch.epoch;
  const auto offset = static_cast<std::int64_t>(p.log.size());
  state.batches.push_back({batch.base, last, offset});
  if (state.batches.size() > kBatchesRemembered) state.batches.pop_front();
  p.log.insert(p.log.end(), batch.messages.begin(), batch.messages.end());
  return {BrokerError::kNone, offset};
}

void SimBroker::forget_producers() {
  for (auto& [lane, topic] : topics_) {
    for (SimPartition& p : topic.partitions) p.producers.clear();
  }
}

}  // namespace outbox::model
