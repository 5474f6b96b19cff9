#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "model/happened.h"
#include "outbox/message.h"
#include "store/format.h"

namespace outbox::model {

/// A message as it is on the wire and in the log.
struct WireMessage {
  Seq seq = 0;
  Seq prev = 0;
  std::uint64_t hand_out = 0;  ///< the how-manieth message that a producer was given
};

enum class BrokerError {
  kNone,
  kNotLeader,
  kNotEnoughReplicas,  ///< checked before appending, as Kafka does
  kUnknownTopic,
  kUnauthorized,
  kTooLarge,
  kOutOfOrder,
  kDuplicate,  ///< appended long ago; the offset is forgotten
};

struct Answer {
  BrokerError error = BrokerError::kNone;
  std::int64_t offset = -1;
};

/// A producer's numbers in one partition.
struct WireBatch {
  std::uint64_t producer_id = 0;
  int epoch = 0;
  std::int64_t base = 0;
  std::vector<WireMessage> messages;
};

struct SimPartition {
  std::int32_t leader = 0;  ///< -1 = none
  bool isr_short = false;
  std::vector<WireMessage> log;
  /// A producer without state got its numbers accepted from the middle: Kafka
  /// itself may have lost or reordered something.
  bool order_broken = false;

  struct Remembered {
    std::int64_t base = 0;
    std::int64_t last = 0;
    std::int64_t offset = 0;
  };
  struct ProducerState {
    int epoch = 0;
    std::deque<Remembered> batches;  ///< the last five
  };
  std::map<std::uint64_t, ProducerState> producers;
};

struct SimTopic {
  bool exists = true;
  bool authorized = true;
  bool unsafe = false;  ///< by its settings; the brokers take messages all the same
  std::vector<SimPartition> partitions;
  /// No request with one of these is ever accepted.
  std::set<Seq> poison;
  bool remade = false;  ///< deleted and made anew
  /// What the topic held before that.
  std::set<Seq> deleted;
};

/// The brokers' side of the idempotent producer, as Kafka has it: numbers are
/// checked per producer id and partition, the last five batches are known, and
/// a producer id without state is accepted with any first number.
class SimBroker {
 public:
  explicit SimBroker(Happened& happened) : happened_(&happened) {}
  Happened& happened() { return *happened_; }
  SimTopic& topic(store::LaneId lane) { return topics_[lane]; }
  const std::map<store::LaneId, SimTopic>& topics() const { return topics_; }
  Answer produce(store::LaneId lane, std::int32_t partition, const WireBatch& batch);
  /// Nothing reaches the cluster, nothing comes back.
  bool away = false;
  /// Producer state expired everywhere.
  void forget_producers();

 private:
  Answer refuse(BrokerError error, Event event);
  Answer append(SimPartition& partition, const WireBatch& batch);

  Happened* happened_;
  std::map<store::LaneId, SimTopic> topics_;
};

}  // namespace outbox::model
