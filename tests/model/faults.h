#pragma once

#include <cstdint>

#include "model/rng.h"

namespace outbox::model {

/// Which faults a run has, and how often; drawn per seed (a swarm), so that
/// rare ones are not always drowned by common ones. All zero: a healthy world.
struct Faults {
  std::uint64_t request_lost_percent = 0;
  std::uint64_t response_lost_percent = 0;
  std::uint64_t refused_per_mille = 0;  ///< produce() answers "queue full"
  std::uint64_t spurious_fatal_per_mille = 0;
  std::uint64_t epoch_bump_percent = 0;  ///< of timeouts: resent under a new epoch
  std::uint64_t store_no_percent = 0;    ///< the store answers no
  std::uint64_t read_fails_percent = 0;
  bool leaders = false;  ///< move, vanish and return
  bool isr = false;      ///< fall below min.insync.replicas
  bool forget = false;   ///< brokers forget producer ids
  bool wedge = false;    ///< a partition of a producer stops for ever
  bool authorization = false;
  bool topic_missing = false;
  bool growth = false;      ///< partitions are added
  bool recreation = false;  ///< topics are deleted and made anew, smaller
  bool kills = false;       ///< the relay is killed and started again
  bool pauses = false;
  bool purges = false;
  bool outage = false;  ///< the whole cluster is away
  bool requeues = false;
  bool clock_jumps = false;  ///< the machine is suspended, and goes on
  std::uint64_t slow_fsync_per_mille = 0;
  bool unsafe = false;  ///< the relay sends to safe topics only, and topics turn unsafe

  static Faults draw(Rng& rng) {
    Faults f;
    if (rng.percent(50)) f.request_lost_percent = rng.below(8);
    if (rng.percent(50)) f.response_lost_percent = rng.below(8);
    if (rng.percent(25)) f.refused_per_mille = rng.below(20);
    if (rng.percent(30)) f.spurious_fatal_per_mille = rng.below(10);
    if (rng.percent(25)) f.epoch_bump_percent = rng.below(60);
    if (rng.percent(25)) f.store_no_percent = rng.below(50);
    if (rng.percent(25)) f.read_fails_percent = rng.below(30);
    f.leaders = rng.percent(50);
    f.isr = rng.percent(40);
    f.forget = rng.percent(15);
    f.wedge = rng.percent(20);
    f.authorization = rng.percent(25);
    f.topic_missing = rng.percent(25);
    f.growth = rng.percent(25);
    f.recreation = rng.percent(8);
    f.kills = rng.percent(50);
    f.pauses = rng.percent(25);
    f.purges = rng.percent(25);
    f.outage = rng.percent(25);
    f.requeues = rng.percent(30);
    f.clock_jumps = rng.percent(20);
    if (rng.percent(20)) f.slow_fsync_per_mille = rng.below(200);
    f.unsafe = rng.percent(20);
    return f;
  }
};

}  // namespace outbox::model
