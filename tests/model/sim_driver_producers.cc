#include <string>
#include <utility>

#include "model/sim_driver.h"

namespace outbox::model {

namespace {

constexpr std::size_t kMainBatchMax = 8;
constexpr std::size_t kMainsUsed = 3;  // of as many lanes as a world has at most

}  // namespace

void SimDriver::break_producer(bool wedge) {
  const std::size_t main = shared_.rng.below(kMainsUsed);
  const auto& producer =
      slots_[shared_.rng.one_in(2) ? index_of(relay::Channel::kProbe) : main].producer;
  if (!producer) return;
  if (wedge) {
    producer->wedge();
  } else {
    producer->become_fatal();
  }
}

bool SimDriver::take_reports() {
  bool any = false;
  for (const relay::Channel channel : relay::kAllChannels) {
    Slot& slot = slots_[index_of(channel)];
    if (!slot.producer) continue;
    std::vector<relay::Report> reports = slot.producer->take_reports();
    any = any || !reports.empty();
    const bool fatal = slot.producer->take_fatal();
    const auto tell_fatal = [&] {
      core_.producer_fatal(now(), channel, slot.producer->generation(), kafka::Action::kRebuild,
                           "fatal");
    };
    const bool fatal_first = shared_.rng.one_in(2);
    if (fatal && fatal_first) tell_fatal();
    feed(std::move(reports));
    if (fatal && !fatal_first) tell_fatal();
    any = any || fatal;
  }
  return any;
}

void SimDriver::feed(std::vector<relay::Report> reports) {
  for (relay::Report& report : reports) {
    if (shared_.mutant == Mutant::kBelieveImplicitAcks &&
        report.outcome == relay::Outcome::kNoOffset) {
      report.outcome = relay::Outcome::kDelivered;
      report.offset = 0;
    }
    shared_.trace.step(now(), "report channel lane partition seq outcome",
                       {static_cast<std::uint64_t>(report.channel), report.lane,
                        static_cast<std::uint64_t>(report.partition), report.seq,
                        static_cast<std::uint64_t>(report.outcome)});
  }
  for (const relay::Report& report : reports) {
    if (report.outcome != relay::Outcome::kDelivered) produced_.erase({report.lane, report.seq});
  }
  if (!reports.empty()) core_.reports(now(), reports);
}

void SimDriver::close_and_open(relay::Channel channel) {
  Slot& slot = slots_[index_of(channel)];
  if (slot.opening == 0 || slot.making) return;
  if (slot.producer) {
    if (slot.drain && !slot.producer->fatal() && now() < slot.give_up_ms &&
        slot.producer->unreported() > 0) {
      return;
    }
    slot.producer->purge();
    if (!shared_.rng.one_in(8)) feed(slot.producer->take_reports());  // else it hangs
    slot.producer.reset();
    poke();
  }
  slot.making = true;
  later(shared_.rng.between(1, 300), [this, channel] { make_producer(channel); });
}

void SimDriver::make_producer(relay::Channel channel) {
  Slot& slot = slots_[index_of(channel)];
  const bool probe = channel == relay::Channel::kProbe;
  SimProducer::World world{&shared_.scheduler,
                           &shared_.broker,
                           &shared_.rng,
                           &shared_.faults,
                           &shared_.epoch_resends,
                           &shared_.hand_outs,
                           [this, alive = alive_] {
                             if (*alive) poke();
                           }};
  slot.producer =
      std::make_shared<SimProducer>(world, channel, slot.opening, probe ? 1 : slot.max_in_flight,
                                    probe ? 1 : kMainBatchMax, ++shared_.last_producer_id);
  slot.making = false;
  shared_.happened.count(Event::kNewProducer);
  const relay::Generation generation = std::exchange(slot.opening, 0);
  std::erase_if(produced_, [channel](const auto& each) { return each.second == channel; });
  core_.producer_ready(now(), channel, generation);
  poke();
}

}  // namespace outbox::model
