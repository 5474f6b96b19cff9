#include "read_back.h"

#include "measure.h"
#include "rival.h"

namespace outbox::bench {
namespace {

constexpr int kPollMs = 100;

using MessagePtr = std::unique_ptr<rd_kafka_message_t, kafka::Destroyer<rd_kafka_message_destroy>>;
using PartitionsPtr = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      kafka::Destroyer<rd_kafka_topic_partition_list_destroy>>;

kafka::HandlePtr consumer_of(const std::string& bootstrap_servers) {
  const std::pair<const char*, const char*> properties[] = {
      {"bootstrap.servers", bootstrap_servers.c_str()},
      {"group.id", "bench"},
      {"enable.auto.commit", "false"},
      {"auto.offset.reset", "earliest"}};
  kafka::ConfPtr conf(rd_kafka_conf_new());
  char text[512] = "";
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name, value, text, sizeof text) != RD_KAFKA_CONF_OK) {
      die(text);
    }
  }
  kafka::HandlePtr consumer(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), text, sizeof text));
  if (!consumer) die(text);
  (void)conf.release();  // the consumer's now
  rd_kafka_poll_set_consumer(consumer.get());
  return consumer;
}

}  // namespace

ReadBack::ReadBack(const RelayOptions& options, const BenchTopics& topic)
    : consumer_(consumer_of(options.bootstrap_servers)) {
  const PartitionsPtr all(rd_kafka_topic_partition_list_new(topic.partitions()));
  for (std::int32_t i = 0; i < topic.partitions(); ++i) {
    rd_kafka_topic_partition_list_add(all.get(), topic.name().c_str(), i)->offset =
        RD_KAFKA_OFFSET_BEGINNING;
  }
  if (const auto error = rd_kafka_assign(consumer_.get(), all.get()); error != 0) {
    die(std::string("cannot read back: ") + rd_kafka_err2str(error));
  }
}

ReadBack::~ReadBack() { rd_kafka_consumer_close(consumer_.get()); }

void ReadBack::until(std::uint64_t count, std::chrono::duration<double> quiet) {
  seen_.assign(count, false);
  StopWatch since_new;
  while (distinct_ < count && since_new.seconds() < quiet.count()) {
    const MessagePtr message(rd_kafka_consumer_poll(consumer_.get(), kPollMs));
    if (!message || message->err != 0) continue;
    const auto number = number_in({static_cast<const char*>(message->payload), message->len});
    if (!number || *number >= count) continue;
    if (seen_[*number]) {
      ++repeated_;
      continue;
    }
    seen_[*number] = true;
    ++distinct_;
    since_new = StopWatch();
  }
}

}  // namespace outbox::bench
