#include "relay/channel_producer.h"

#include <utility>

namespace outbox::relay {

void ChannelProducer::open(const OpenProducer& wanted, std::int64_t now_ms) {
  wanted_ = wanted;
  purged_ = false;
  deadline_ms_ = now_ms + (wanted.drain ? setup_.drain_ms : 0);
}

ChannelProducer::Step ChannelProducer::step(std::int64_t now_ms, std::size_t in_flight) {
  if (!wanted_) return Step::kNothing;
  if (instance_ == nullptr) return make(now_ms);
  if (!purged_) {
    if (in_flight > 0 && now_ms < deadline_ms_) return Step::kNothing;
    instance_->purge();
    purged_ = true;
    deadline_ms_ = now_ms + kPurgeMs;
  }
  if (instance_->unreported() > 0 && now_ms < deadline_ms_) return Step::kNothing;
  deadline_ms_ = now_ms;
  return close();
}

ChannelProducer::Step ChannelProducer::close() {
  if (instance_ == nullptr) return Step::kNothing;
  topics_.clear();
  if (setup_.factory->unmake(std::move(instance_), kUnmakeMs)) return Step::kGone;
  setup_.log->error("a librdkafka instance did not end within {} ms and is left behind",
                    kUnmakeMs.count());
  return Step::kLeftBehind;
}

ChannelProducer::Step ChannelProducer::make(std::int64_t now_ms) {
  if (wanted_->generation == 0) {
    wanted_.reset();
    return Step::kNothing;
  }
  if (now_ms < deadline_ms_) return Step::kNothing;
  using Kind = kafka::ProducerFactory::Kind;
  kafka::ProducerFactory::Request request;
  request.kind = setup_.channel == Channel::kProbe ? Kind::kProbe : Kind::kMain;
  request.max_in_flight = wanted_->max_in_flight_requests;
  request.batch_bytes_max = setup_.batch_bytes_max();
  auto made = setup_.factory->make(request, setup_.wake_fd);
  if (!made.ok()) {
    deadline_ms_ = now_ms + kMakeAgainMs;
    if (not_made_.admit(now_ms)) {
      setup_.log->error("cannot make a Kafka producer: {}{}", made.status().message(),
                        not_made_.left_out());
    }
    return Step::kNothing;
  }
  instance_ = std::move(made).value();
  generation_ = wanted_->generation;
  wanted_.reset();
  return Step::kReady;
}

std::int64_t ChannelProducer::next_deadline_ms() const { return wanted_ ? deadline_ms_ : -1; }

kafka::TopicHandle ChannelProducer::topic(LaneId lane, const std::string& name,
                                          std::int32_t& error) {
  if (lane >= topics_.size()) topics_.resize(lane + 1, nullptr);
  if (topics_[lane] == nullptr) topics_[lane] = instance_->topic(name, error);
  return topics_[lane];
}

}  // namespace outbox::relay
