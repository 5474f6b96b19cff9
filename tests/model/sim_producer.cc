#include "model/sim_producer.h"

#include <algorithm>

namespace outbox::model {
namespace {

constexpr std::int64_t kRequestTimeoutMs = 1'000;
constexpr std::int64_t kLatencyMaxMs = 20;

}  // namespace

SimProducer::SimProducer(World world, relay::Channel channel, relay::Generation generation,
                         int max_in_flight, std::size_t batch_max, std::uint64_t producer_id)
    : world_(world),
      channel_(channel),
      generation_(generation),
      max_in_flight_(max_in_flight),
      batch_max_(batch_max),
      producer_id_(producer_id) {}

bool SimProducer::produce(const relay::Produce& message, kafka::Failure& failure) {
  if (fatal_) {
    failure = {kafka::Action::kRebuild, "fatal", false};
    return false;
  }
  if (world_.rng->below(1'000) < world_.faults->refused_per_mille) {
    happened(Event::kQueueFull);
    failure = {kafka::Action::kRetry, "queue full", false};
    return false;
  }
  const Key key{message.lane, message.partition};
  toppars_[key].queue.push_back({message.seq, message.prev, ++*world_.hand_outs});
  ++unreported_;
  step_later(key, world_.rng->between(0, 3));
  return true;
}

void SimProducer::tell(Key key, const WireMessage& message, relay::Outcome outcome,
                       std::int64_t offset, const kafka::Failure& failure) {
  relay::Report report;
  report.channel = channel_;
  report.generation = generation_;
  report.lane = key.first;
  report.partition = key.second;
  report.seq = message.seq;
  report.outcome = outcome;
  report.offset = offset;
  report.failure = failure;
  reports_.push_back(report);
  --unreported_;
  world_.news();
}

void SimProducer::step_later(Key key, std::int64_t delay_ms) {
  Toppar& toppar = toppars_[key];
  if (toppar.step_due) return;
  toppar.step_due = true;
  world_.scheduler->after(delay_ms, [weak = weak_from_this(), key] {
    if (const auto self = weak.lock()) self->step(key);
  });
}

std::size_t SimProducer::wires(const Toppar& toppar) {
  return static_cast<std::size_t>(std::count_if(toppar.sent.begin(), toppar.sent.end(),
                                                [](const Batch& b) { return b.on_wire; }));
}

void SimProducer::step(Key key) {
  Toppar& toppar = toppars_[key];
  toppar.step_due = false;
  if (fatal_ || purged_ || toppar.wedged) return;
  const auto& topics = world_.broker->topic(key.first);
  const auto at = static_cast<std::size_t>(key.second);
  if (at < topics.partitions.size() && topics.partitions[at].leader < 0) {
    happened(Event::kNoLeader);
    step_later(key, kRetryBackoffMs);  // nobody to send to
    return;
  }
  std::size_t in_flight = wires(toppar);
  if (toppar.draining) {
    if (in_flight > 0) return;
    toppar.draining = false;
    if (toppar.bump_wanted) bump_epoch(toppar);
  }
  for (Batch& batch : toppar.sent) {
    if (in_flight >= static_cast<std::size_t>(max_in_flight_)) return;
    if (batch.on_wire) continue;
    send(key, toppar, batch);
    ++in_flight;
  }
  while (!toppar.queue.empty() && in_flight < static_cast<std::size_t>(max_in_flight_)) {
    Batch batch;
    batch.id = ++last_batch_;
    batch.wire.producer_id = producer_id_;
    batch.wire.epoch = toppar.epoch;
    batch.wire.base = toppar.next_base;
    const std::size_t count = std::min(toppar.queue.size(), 1 + world_.rng->below(batch_max_));
    for (std::size_t i = 0; i < count; ++i) {
      batch.wire.messages.push_back(toppar.queue.front());
      toppar.queue.pop_front();
    }
    toppar.next_base += static_cast<std::int64_t>(count);
    toppar.sent.push_back(std::move(batch));
    send(key, toppar, toppar.sent.back());
    ++in_flight;
  }
}

/// Everything unacknowledged is numbered anew: silent duplicates if some of it
/// had been appended (seen on real brokers).
void SimProducer::bump_epoch(Toppar& toppar) {
  happened(Event::kEpochBump);
  toppar.bump_wanted = false;
  ++toppar.epoch;
  toppar.next_base = 0;
  for (Batch& batch : toppar.sent) {
    batch.wire.epoch = toppar.epoch;
    batch.wire.base = toppar.next_base;
    toppar.next_base += static_cast<std::int64_t>(batch.wire.messages.size());
    *world_.epoch_resends += batch.wire.messages.size();
  }
}

void SimProducer::send(Key key, Toppar& toppar, Batch& batch) {
  batch.on_wire = true;
  const int attempt = ++batch.attempt;
  const std::uint64_t id = batch.id;
  Scheduler& scheduler = *world_.scheduler;
  const std::int64_t arrival =
      std::max(toppar.last_arrival_ms, scheduler.now_ms() + world_.rng->between(1, kLatencyMaxMs));
  toppar.last_arrival_ms = arrival;
  const bool lost = world_.broker->away || world_.rng->percent(world_.faults->request_lost_percent);
  const bool answer_lost = world_.rng->percent(world_.faults->response_lost_percent);
  if (lost) happened(Event::kRequestLost);
  if (!lost && answer_lost) happened(Event::kResponseLost);
  // Answers keep the order of the requests, as on one connection.
  const std::int64_t answer_at =
      std::max(toppar.last_answer_ms, arrival + world_.rng->between(1, kLatencyMaxMs));
  toppar.last_answer_ms = answer_at;
  const auto weak = weak_from_this();
  if (!lost) {
    // What is on the wire arrives even if the producer is gone by then.
    scheduler.at(arrival, [world = world_, weak, key, id, attempt, wire = batch.wire, answer_lost,
                           answer_at] {
      const Answer answer = world.broker->produce(key.first, key.second, wire);
      if (answer_lost) return;
      world.scheduler->at(answer_at, [weak, key, id, attempt, answer] {
        if (const auto self = weak.lock()) self->answered(key, id, attempt, answer);
      });
    });
  }
  scheduler.after(kRequestTimeoutMs, [weak, key, id, attempt] {
    if (const auto self = weak.lock()) self->timed_out(key, id, attempt);
  });
}

}  // namespace outbox::model
