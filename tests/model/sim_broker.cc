#include "model/sim_broker.h"

#include <algorithm>

namespace outbox::model {
namespace {
constexpr std::size_t kBatchesRemembered = 5;
}

Answer SimBroker::produce(store::LaneId lane, std::int32_t partition, const WireBatch& batch) {
  SimTopic& to = topics_[lane];
  if (!to.exists || partition < 0 || static_cast<std::size_t>(partition) >= to.partitions.size()) {
    return refuse(BrokerError::kUnknownTopic, Event::kTopicMissing);
  }
  if (!to.authorized) return refuse(BrokerError::kUnauthorized, Event::kUnauthorized);
  SimPartition& p = to.partitions[static_cast<std::size_t>(partition)];
  if (p.leader < 0) return refuse(BrokerError::kNotLeader, Event::kNoLeader);
  if (p.isr_short) return refuse(BrokerError::kNotEnoughReplicas, Event::kTooFewReplicas);
  for (const WireMessage& message : batch.messages) {
    if (to.poison.contains(message.seq)) {
      return refuse(BrokerError::kTooLarge, Event::kTooLarge);
    }
  }
  return append(p, batch);
}

Answer SimBroker::refuse(BrokerError error, Event event) {
  happened_->count(event);
  return {error, -1};
}

Answer SimBroker::append(SimPartition& p, const WireBatch& batch) {
  const std::int64_t last = batch.base + static_cast<std::int64_t>(batch.messages.size()) - 1;
  const auto known = p.producers.find(batch.producer_id);
  if (known == p.producers.end()) {
    const bool follows = !p.log.empty() && p.log.back().seq == batch.messages.front().prev;
    if (batch.base != 0) happened_->count(Event::kProducerForgotten);
    if (batch.base != 0 && !follows) p.order_broken = true;
  } else if (batch.epoch < known->second.epoch) {
    return refuse(BrokerError::kOutOfOrder, Event::kSequenceRefused);
  } else if (batch.epoch > known->second.epoch) {
    if (batch.base != 0) return refuse(BrokerError::kOutOfOrder, Event::kSequenceRefused);
    known->second.batches.clear();
  } else {
    const auto& batches = known->second.batches;
    for (const auto& each : batches) {
      if (each.base != batch.base || each.last != last) continue;
      happened_->count(Event::kSequenceKnown);
      return {BrokerError::kNone, each.offset};
    }
    if (last <= batches.back().last) return refuse(BrokerError::kDuplicate, Event::kSequenceKnown);
    if (batch.base != batches.back().last + 1) {
      return refuse(BrokerError::kOutOfOrder, Event::kSequenceRefused);
    }
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
