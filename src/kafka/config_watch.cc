#include "kafka/config_watch.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "kafka/error_table.h"

namespace outbox::kafka {

ConfigWatch::ConfigWatch(rd_kafka_t* handle, std::int64_t again_ms)
    : handle_(handle), again_ms_(again_ms), answers_(rd_kafka_queue_new(handle)) {}

std::int64_t ConfigWatch::due_ms(const Entry& entry) const {
  if (entry.answered_ms < 0) return 0;
  const bool soon = entry.often || !entry.facts.known();
  return entry.answered_ms + (soon ? std::min(again_ms_, kSoonMs) : again_ms_);
}

void ConfigWatch::ask(const std::vector<ConfigResource>& wanted, std::int64_t now_ms) {
  std::map<ConfigResource, Entry> kept;
  for (const ConfigResource& resource : wanted) kept[resource] = std::move(entries_[resource]);
  entries_ = std::move(kept);
  std::vector<ConfigResource> topics;
  for (auto& [resource, entry] : entries_) {
    if (entry.asked || now_ms < due_ms(entry)) continue;
    entry.asked = true;
    if (resource.kind == ConfigResource::Kind::kBroker) {
      send({resource});
    } else {
      topics.push_back(resource);
    }
    if (topics.size() == kTopicsPerQuestionMax) send(std::exchange(topics, {}));
  }
  if (!topics.empty()) send(std::move(topics));
}

void ConfigWatch::send(std::vector<ConfigResource> resources) {
  ask_configs(handle_, resources, ++last_tag_, answers_.get());
  questions_.emplace(last_tag_, std::move(resources));
}

bool ConfigWatch::harvest(std::int64_t now_ms) {
  bool any = false;
  while (const EventPtr event{rd_kafka_queue_poll(answers_.get(), 0)}) {
    const auto tag = reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(event.get()));
    const auto question = questions_.find(tag);
    OUTBOX_CHECK(question != questions_.end());
    std::vector<ConfigFacts> told = configs_of(event.get(), question->second);
    for (std::size_t i = 0; i < told.size(); ++i) {
      const auto found = entries_.find(question->second[i]);
      if (found == entries_.end()) continue;  // wanted no longer
      Entry& entry = found->second;
      entry.asked = false;
      entry.answered_ms = now_ms;
      const bool not_now = !told[i].known() && action_for(told[i].error) == Action::kRetry;
      if (!not_now || !entry.facts.known()) entry.facts = std::move(told[i]);
    }
    questions_.erase(question);
    any = true;
  }
  return any;
}

std::int64_t ConfigWatch::next_due_ms() const {
  std::int64_t next = -1;
  for (const auto& [resource, entry] : entries_) {
    if (entry.asked) continue;
    const std::int64_t due = due_ms(entry);
    next = next < 0 ? due : std::min(next, due);
  }
  return next;
}

void ConfigWatch::hurry(const ConfigResource& resource, bool often) {
  entries_.at(resource).often = often;
}

bool ConfigWatch::answered(const ConfigResource& resource) const {
  return entries_.at(resource).answered_ms >= 0;
}

const ConfigFacts& ConfigWatch::facts(const ConfigResource& resource) const {
  return entries_.at(resource).facts;
}

}  // namespace outbox::kafka
