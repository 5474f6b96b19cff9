#include <algorithm>

#include "model/sim_producer.h"

namespace outbox::model {
namespace {

kafka::Failure failure_of(BrokerError error) {
  switch (error) {
    case BrokerError::kUnknownTopic:
      return {kafka::Action::kUnknownTopic, "unknown topic", false};
    case BrokerError::kUnauthorized:
      return {kafka::Action::kStall, "not authorized", false};
    default:
      return {kafka::Action::kVerdict, "too large", false};
  }
}

}  // namespace

SimProducer::Batch* SimProducer::on_wire(Toppar& toppar, std::uint64_t batch, int attempt) {
  const auto found = std::find_if(toppar.sent.begin(), toppar.sent.end(),
                                  [&](const Batch& b) { return b.id == batch; });
  if (found == toppar.sent.end() || !found->on_wire || found->attempt != attempt) return nullptr;
  return &*found;
}

void SimProducer::timed_out(Key key, std::uint64_t batch, int attempt) {
  if (purged_) return;
  Toppar& toppar = toppars_[key];
  Batch* const found = on_wire(toppar, batch, attempt);
  if (found == nullptr) return;
  if (world_.rng->percent(world_.faults->epoch_bump_percent)) toppar.bump_wanted = true;
  retry(key, toppar, *found);
}

void SimProducer::retry(Key key, Toppar& toppar, Batch& batch) {
  batch.on_wire = false;
  toppar.draining = true;
  step_later(key, kRetryBackoffMs);
}

void SimProducer::answered(Key key, std::uint64_t batch, int attempt, const Answer& answer) {
  if (purged_) return;
  Toppar& toppar = toppars_[key];
  Batch* const found = on_wire(toppar, batch, attempt);
  if (found == nullptr) return;
  if (world_.rng->below(1'000) < world_.faults->spurious_fatal_per_mille) become_fatal();
  switch (answer.error) {
    case BrokerError::kNone:
    case BrokerError::kDuplicate:
      succeed(key, toppar, batch, answer);
      break;
    case BrokerError::kNotLeader:
    case BrokerError::kNotEnoughReplicas:
      retry(key, toppar, *found);
      break;
    case BrokerError::kOutOfOrder:
      // Expected behind a batch that is to be retried; else the end.
      if (found != &toppar.sent.front()) {
        retry(key, toppar, *found);
      } else {
        found->on_wire = false;
        become_fatal();
      }
      break;
    default:
      fail(key, toppar, failure_of(answer.error), batch);
      break;
  }
  step_later(key, 0);
}

/// Success of a batch acknowledges all before it, whether they arrived or not.
void SimProducer::succeed(Key key, Toppar& toppar, std::uint64_t batch, const Answer& answer) {
  while (toppar.sent.front().id != batch) {
    happened(Event::kImplicitAck);
    for (const WireMessage& m : toppar.sent.front().wire.messages) {
      tell(key, m, relay::Outcome::kNoOffset, -1001);
    }
    toppar.sent.pop_front();
  }
  std::int64_t offset = answer.offset;
  for (const WireMessage& m : toppar.sent.front().wire.messages) {
    if (answer.offset < 0) {
      tell(key, m, relay::Outcome::kNoOffset, -1);
    } else {
      tell(key, m, relay::Outcome::kDelivered, offset++);
    }
  }
  toppar.sent.pop_front();
}

/// enable.gapless.guarantee: nothing may overtake what failed for good.
void SimProducer::fail(Key key, Toppar& toppar, const kafka::Failure& failure,
                       std::uint64_t batch) {
  const auto found = std::find_if(toppar.sent.begin(), toppar.sent.end(),
                                  [&](const Batch& b) { return b.id == batch; });
  for (const WireMessage& m : found->wire.messages) {
    tell(key, m, relay::Outcome::kError, -1, failure);
  }
  toppar.sent.erase(found);
  become_fatal();
}

void SimProducer::become_fatal() {
  if (fatal_) return;
  fatal_ = true;
  happened(Event::kFatal);
  fatal_untold_ = true;
  world_.news();
}

void SimProducer::wedge() {
  Toppar* most = nullptr;
  for (auto& [key, toppar] : toppars_) {
    if (most == nullptr || toppar.queue.size() > most->queue.size()) most = &toppar;
  }
  if (most == nullptr) return;
  most->wedged = true;
  happened(Event::kWedge);
}

void SimProducer::purge() {
  purged_ = true;
  for (auto& [key, toppar] : toppars_) {
    for (const Batch& batch : toppar.sent) {
      for (const WireMessage& m : batch.wire.messages) {
        tell(key, m, relay::Outcome::kPurged, -1);
      }
    }
    for (const WireMessage& m : toppar.queue) tell(key, m, relay::Outcome::kPurged, -1);
    toppar.sent.clear();
    toppar.queue.clear();
  }
}

}  // namespace outbox::model
