#include "kafka/observer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/thread_name.h"
#include "kafka/client.h"
#include "kafka/metadata.h"
#include "kafka/safety_watch.h"

namespace outbox::kafka {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRoundMs{30'000};
constexpr milliseconds kTroubleMinMs{500};
constexpr milliseconds kTroubleMaxMs{5'000};
// While answers about settings are awaited; longer each time in vain.
constexpr milliseconds kAnswersMinMs{200};
constexpr milliseconds kAnswersMaxMs{3'000};
// Even when asked for again and again.
constexpr milliseconds kPauseMinMs{100};
// How long an answer may take: also how long the destructor waits. An answer that comes later is
// thrown away, so on a slow network this must grow, or none would ever count. librdkafka asks over
// the connection it used last, also when that one lost an answer, until socket.timeout.ms ends it;
// the call that waits by then is answered over a new one.
constexpr milliseconds kAnswerMinMs{3'000};
constexpr milliseconds kAnswerMaxMs{30'000};
// Of what the last answer took, or was not enough.
constexpr int kAnswerTimes = 4;

TopicState state_of(const TopicFacts& topic) {
  TopicState out;
  out.topic = topic.name;
  out.error = topic.error;
  out.leaders.assign(topic.partitions.size(), -1);
  for (const PartitionFacts& partition : topic.partitions) {
    const auto id = static_cast<std::size_t>(partition.id);
    if (id < out.leaders.size()) out.leaders[id] = partition.leader;
  }
  return out;
}

bool healthy(const TopicState& state) {
  return state.error == 0 && !state.leaders.empty() &&
         std::find(state.leaders.begin(), state.leaders.end(), -1) == state.leaders.end();
}

class Observer final : public ObserverApi {
 public:
  Observer(Client client, const RelayOptions& options, std::function<void()> on_news)
      : client_(std::move(client)),
        safety_(client_.handle.get(), options),
        on_news_(std::move(on_news)),
        thread_([this] { run(); }) {}

  ~Observer() override {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
    // The next metadata call covers the topics that have a handle: all go before the instance.
    topics_.clear();
  }

  void watch(std::vector<std::string> topics) override {
    std::sort(topics.begin(), topics.end());
    {
      const std::lock_guard lock(mutex_);
      asked_ =
          asked_ || !std::includes(watched_.begin(), watched_.end(), topics.begin(), topics.end());
      watched_ = std::move(topics);
      if (!asked_) return;
    }
    changed_.notify_one();
  }

  void refresh_soon() override {
    {
      const std::lock_guard lock(mutex_);
      asked_ = true;
    }
    changed_.notify_one();
  }

  bool take(Observed& into) override {
    const std::lock_guard lock(mutex_);
    if (!has_news_) return false;
    into = std::exchange(news_, {});
    has_news_ = false;
    return true;
  }

 private:
  void run() {
    name_thread("outbox-observer");
    milliseconds pause{0};
    milliseconds trouble = kTroubleMinMs;
    milliseconds answers = kAnswersMinMs;
    while (wait(pause)) {
      drop_events();
      const bool in_vain = safety_.waiting() && !safety_.harvest(now_ms());
      answers = in_vain ? std::min(answers * 2, kAnswersMaxMs) : kAnswersMinMs;
      const bool well = round();
      trouble = well ? kTroubleMinMs : std::min(trouble * 2, kTroubleMaxMs);
      pause = !well ? trouble : safety_.waiting() ? answers : until_due();
    }
  }

  milliseconds until_due() const {
    const std::int64_t due_ms = safety_.next_due_ms();
    if (due_ms < 0) return kRoundMs;
    return std::clamp(milliseconds(due_ms - now_ms()), milliseconds(0), kRoundMs);
  }

  // False: stop.
  bool wait(milliseconds pause) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::min(pause, kPauseMinMs), [&] { return stopping_; });
    if (pause > kPauseMinMs) {
      changed_.wait_for(lock, pause - kPauseMinMs, [&] { return stopping_ || asked_; });
    }
    asked_ = false;
    return !stopping_;
  }

  // True: the cluster answered and all that is watched is well.
  bool round() {
    Observed seen;
    const std::vector<std::string> watched = follow();
    const rd_kafka_metadata_t* raw = nullptr;
    const std::int64_t began_ms = now_ms();
    const auto error = rd_kafka_metadata(client_.handle.get(), 0, nullptr, &raw,
                                         static_cast<int>(answer_timeout_.count()));
    const MetadataPtr metadata(raw);
    // Not when no broker is there: then nobody was asked.
    if (error == RD_KAFKA_RESP_ERR__TIMED_OUT) {
      answer_timeout_ = std::min(answer_timeout_ * kAnswerTimes, kAnswerMaxMs);
    } else if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
      answer_timeout_ =
          std::clamp(milliseconds(now_ms() - began_ms) * kAnswerTimes, kAnswerMinMs, kAnswerMaxMs);
    }
    bool well = error == RD_KAFKA_RESP_ERR_NO_ERROR;
    seen.connected = well;
    if (!well) seen.trouble = rd_kafka_err2str(error);
    if (metadata) well = collect(*metadata, watched, seen);
    publish(std::move(seen));
    return well;
  }

  bool collect(const rd_kafka_metadata_t& metadata, const std::vector<std::string>& watched,
               Observed& seen) {
    bool well = true;
    ClusterFacts facts;
    facts.brokers = brokers_of(metadata);
    for (int i = 0; i < metadata.topic_cnt; ++i) {
      const rd_kafka_metadata_topic_t& topic = metadata.topics[i];
      if (std::binary_search(watched.begin(), watched.end(), topic.topic)) {
        facts.topics.push_back(facts_of(topic));
      }
    }
    safety_.look_at(facts, now_ms());
    for (const TopicFacts& topic : facts.topics) {
      TopicState state = state_of(topic);
      state.message_bytes_max = topic.error == 0 ? safety_.message_bytes_max(topic.name) : 0;
      state.findings = safety_.findings(topic.name);
      well = well && healthy(state);
      seen.topics.push_back(std::move(state));
    }
    return well && seen.topics.size() == watched.size();
  }

  // The metadata call without a topic asks for all topics that have a handle.
  std::vector<std::string> follow() {
    std::vector<std::string> watched;
    {
      const std::lock_guard lock(mutex_);
      watched = watched_;
    }
    for (const auto& name : watched) {
      TopicPtr& slot = topics_[name];
      if (!slot) slot.reset(rd_kafka_topic_new(client_.handle.get(), name.c_str(), nullptr));
    }
    std::erase_if(topics_, [&](const auto& entry) {
      return !std::binary_search(watched.begin(), watched.end(), entry.first);
    });
    return watched;
  }

  void publish(Observed seen) {
    {
      const std::lock_guard lock(mutex_);
      news_ = std::move(seen);
      has_news_ = true;
    }
    on_news_();
  }

  // The main instance logs the same troubles; here they would be said twice.
  void drop_events() {
    while (EventPtr(rd_kafka_queue_poll(client_.events.get(), 0))) {
    }
  }

  static std::int64_t now_ms() {
    return std::chrono::duration_cast<milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }

  Client client_;
  SafetyWatch safety_;
  milliseconds answer_timeout_ = kAnswerMinMs;
  std::map<std::string, TopicPtr> topics_;
  const std::function<void()> on_news_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> watched_;  // sorted
  bool asked_ = false;
  bool stopping_ = false;
  bool has_news_ = false;
  Observed news_;

  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ObserverApi>> make_observer(const RelayOptions& options,
                                                   std::function<void()> on_news) {
  const auto properties = producer_properties(options, Role::kObserver);
  if (!properties.ok()) return properties.status();
  auto client = make_client(*properties);
  if (!client.ok()) return client.status();
  return std::unique_ptr<ObserverApi>(
      std::make_unique<Observer>(std::move(client).value(), options, std::move(on_news)));
}

}  // namespace outbox::kafka
