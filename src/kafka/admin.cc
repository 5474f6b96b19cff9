#include "kafka/admin.h"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "kafka/describe_configs.h"
#include "kafka/error_table.h"
#include "kafka/metadata.h"

namespace outbox::kafka {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kErrorTextBytes = 512;
constexpr milliseconds kLookAgainMs{100};

using OptionsPtr =
    std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;
using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;

/// One question, and where its answers go.
struct Question {
  std::vector<ConfigResource> resources;
  std::vector<ConfigFacts*> facts;
};

std::vector<Question> questions_of(ClusterFacts& facts) {
  std::vector<Question> out;
  for (TopicFacts& topic : facts.topics) {
    if (out.empty() || out.back().resources.size() == kTopicsPerQuestionMax) out.emplace_back();
    out.back().resources.push_back({ConfigResource::Kind::kTopic, topic.name});
    out.back().facts.push_back(&topic.configs);
  }
  for (BrokerFacts& broker : facts.brokers) {
    out.push_back(
        {{{ConfigResource::Kind::kBroker, std::to_string(broker.id)}}, {&broker.configs}});
  }
  return out;
}

/// The broker that was asked for settings does not know a topic yet that another one has.
bool is_new(const ClusterFacts& facts) {
  return std::ranges::any_of(facts.topics, [](const TopicFacts& topic) {
    return topic.trouble.empty() && topic.configs.error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
  });
}

std::int64_t now_ms() { return SystemClock().mono_ms(); }

/// Looks again and again, until it sees what it waits for; false: not by then.
template <typename Look>
bool seen_by(std::int64_t until_ms, Look look) {
  while (!look()) {
    if (now_ms() >= until_ms) return false;
    std::this_thread::sleep_for(kLookAgainMs);
  }
  return true;
}

// The request's own limit comes first: its end is an event too.
Status answer_of_create(rd_kafka_queue_t* answers) {
  const int limit_ms = static_cast<int>(2 * Admin::kCreateMs.count());
  const EventPtr event(rd_kafka_queue_poll(answers, limit_ms));
  if (!event) return {Code::kTimeout, "the cluster did not answer; the topic may or may not exist"};
  const auto* result = rd_kafka_event_CreateTopics_result(event.get());
  if (result == nullptr || rd_kafka_event_error(event.get()) != 0) {
    return {Code::kKafka,
            "the topic was not made: " + std::string(rd_kafka_event_error_string(event.get()))};
  }
  std::size_t count = 0;
  const auto* topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(topics[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
    const char* said = rd_kafka_topic_result_error_string(topics[i]);
    const Code code =
        error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ? Code::kInvalidArgument : Code::kKafka;
    return {code, "the topic was not made: " +
                      (said != nullptr ? std::string(said) : std::string(error_text(error)))};
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Admin>> Admin::make(const RelayOptions& options) {
  const auto properties = producer_properties(options, Role::kObserver);
  if (!properties.ok()) return properties.status();
  auto client = make_client(*properties, RD_KAFKA_CONSUMER);
  if (!client.ok()) return client.status();
  return std::unique_ptr<Admin>(new Admin(std::move(client).value()));
}

Admin::Admin(Client client) : client_(std::move(client)) {}

Result<ClusterFacts> Admin::describe(const std::vector<std::string>& topics) {
  const std::int64_t until_ms = now_ms() + kSettleMs.count();
  Result<ClusterFacts> facts = ClusterFacts();
  // Not by then: what is unknown stays so in the facts.
  (void)seen_by(until_ms, [&] {
    facts = metadata(topics);
    return !facts.ok() || !made_is_unknown(*facts);
  });
  if (!facts.ok()) return facts;
  (void)seen_by(until_ms, [&] {
    ask_all(*facts);
    return !is_new(*facts);
  });
  return facts;
}

// A call without a topic asks for those that have a handle.
Result<ClusterFacts> Admin::metadata(const std::vector<std::string>& topics) {
  std::vector<TopicPtr> handles;
  for (const std::string& name : topics) {
    handles.emplace_back(rd_kafka_topic_new(client_.handle.get(), name.c_str(), nullptr));
    if (!handles.back()) return Status(Code::kInvalidArgument, "no topic can be named " + name);
  }
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error = rd_kafka_metadata(client_.handle.get(), 0, nullptr, &raw,
                                       static_cast<int>(kMetadataMs.count()));
  const MetadataPtr given(raw);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return failed("the cluster does not answer", error);
  }
  ClusterFacts facts;
  facts.brokers = brokers_of(*given);
  for (const std::string& name : topics) {
    TopicFacts topic;
    topic.name = name;
    topic.trouble = "the cluster did not answer";
    for (int i = 0; i < given->topic_cnt; ++i) {
      if (name == given->topics[i].topic) topic = facts_of(given->topics[i]);
    }
    facts.topics.push_back(std::move(topic));
  }
  return facts;
}

// A queue of its own: an answer that comes too late must not be taken for a later question's.
void Admin::ask_all(ClusterFacts& facts) {
  const QueuePtr answers(rd_kafka_queue_new(client_.handle.get()));
  const std::vector<Question> questions = questions_of(facts);
  for (std::size_t i = 0; i < questions.size(); ++i) {
    ask_configs(client_.handle.get(), questions[i].resources, i, answers.get());
    for (ConfigFacts* of : questions[i].facts) of->trouble = "no answer in time";
  }
  const std::int64_t until_ms = now_ms() + kConfigsMs.count();
  for (std::size_t open = questions.size(); open > 0; --open) {
    const std::int64_t left_ms = until_ms - now_ms();
    if (left_ms <= 0) return;
    const EventPtr event(rd_kafka_queue_poll(answers.get(), static_cast<int>(left_ms)));
    if (!event) return;
    const auto index = reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(event.get()));
    const Question& question = questions[index];
    const std::vector<ConfigFacts> told = configs_of(event.get(), question.resources);
    for (std::size_t i = 0; i < told.size(); ++i) *question.facts[i] = told[i];
  }
}

Status Admin::create(const TopicPlan& plan) {
  std::array<char, kErrorTextBytes> text{};
  const NewTopicPtr topic(rd_kafka_NewTopic_new(plan.name.c_str(), plan.partitions,
                                                plan.replication_factor, text.data(), text.size()));
  if (!topic) return {Code::kInvalidArgument, text.data()};
  for (const auto& [name, value] : plan.configs) {
    (void)rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
  }
  const OptionsPtr options(
      rd_kafka_AdminOptions_new(client_.handle.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS));
  const int limit_ms = static_cast<int>(kCreateMs.count());
  (void)rd_kafka_AdminOptions_set_operation_timeout(options.get(), limit_ms, text.data(),
                                                    text.size());
  (void)rd_kafka_AdminOptions_set_request_timeout(options.get(), limit_ms, text.data(),
                                                  text.size());
  const QueuePtr answers(rd_kafka_queue_new(client_.handle.get()));
  rd_kafka_NewTopic_t* pointer = topic.get();
  rd_kafka_CreateTopics(client_.handle.get(), &pointer, 1, options.get(), answers.get());
  if (Status status = answer_of_create(answers.get()); !status.ok()) return status;
  made_.insert(plan.name);
  if (seen_by(now_ms() + kSettleMs.count(), [&] { return has_leaders(plan); })) return {};
  return {Code::kTimeout, "the topic " + plan.name + " was made, but has no leaders yet"};
}

// Each question may go to another broker, and the last one learns of a topic a moment later.
bool Admin::made_is_unknown(const ClusterFacts& facts) const {
  return std::ranges::any_of(facts.topics, [this](const TopicFacts& topic) {
    return topic.error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART && made_.contains(topic.name);
  });
}

bool Admin::has_leaders(const TopicPlan& plan) {
  const auto facts = metadata({plan.name});
  if (!facts.ok()) return false;
  const std::vector<PartitionFacts>& partitions = facts->topics.front().partitions;
  if (partitions.size() != static_cast<std::size_t>(plan.partitions)) return false;
  for (const PartitionFacts& partition : partitions) {
    if (partition.leader < 0) return false;
  }
  return true;
}

}  // namespace outbox::kafka
