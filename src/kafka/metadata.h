#pragma once

#include "kafka/cluster_facts.h"
#include "kafka/rdkafka_ptr.h"

namespace outbox::kafka {

using MetadataPtr =
    std::unique_ptr<const rd_kafka_metadata_t, Destroyer<rd_kafka_metadata_destroy>>;

/// What metadata says of a topic: all but its settings.
TopicFacts facts_of(const rd_kafka_metadata_topic_t& topic);

/// The brokers that are alive, in the order of their numbers; without their settings.
std::vector<BrokerFacts> brokers_of(const rd_kafka_metadata_t& metadata);

}  // namespace outbox::kafka
