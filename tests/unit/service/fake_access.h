#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "service/access.h"
#include "service/api.h"

namespace outbox::service {

/// An outbox in memory, to test what stands in front of one.
class FakeAccess : public Access, public Vitals {
 public:
  Result<std::vector<Appended>> append(std::span<const Message> messages) override {
    const std::lock_guard lock(mutex_);
    if (!failure.ok()) return failure;
    std::vector<Appended> out;
    for (const Message& message : messages) {
      const auto known = ids.find(message.idempotency_key);
      if (!message.idempotency_key.empty() && known != ids.end()) {
        out.push_back({known->second, true});
        continue;
      }
      out.push_back({++tails[message.topic], false});
      if (!message.idempotency_key.empty()) ids[message.idempotency_key] = out.back().seq;
      entries.push_back({message, out.back().seq, 7});
    }
    return out;
  }
  Result<Stats> stats() override {
    Stats out;
    out.outbox_id = "0a1b2c3d";
    out.session = 7;
    out.disk_bytes = 4'096;
    for (const auto& [topic, tail] : tails) {
      LaneStats lane;
      lane.topic = topic;
      lane.ledger.appended = lane.ledger.pending = lane.tail = tail;
      lane.state = "flowing";
      out.ledger += lane.ledger;
      out.lanes.push_back(lane);
    }
    return out;
  }
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) override {
    if (!tails.contains(topic)) return Status(Code::kNotFound, "no topic " + topic);
    std::vector<StoredEntry> out;
    for (const StoredEntry& entry : entries) {
      if (entry.message.topic == topic && entry.seq >= from && out.size() < count) {
        out.push_back(entry);
      }
    }
    return out;
  }
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) override {
    std::vector<DeadLetter> out;
    for (const DeadLetter& letter : dead) {
      const bool asked = topic.empty() || letter.entry.message.topic == topic;
      if (asked && letter.entry.seq >= from && out.size() < count) {
        out.push_back(letter);
      }
    }
    return out;
  }
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) override {
    for (const DeadLetter& letter : dead) {
      if (letter.entry.message.topic == topic && letter.entry.seq == seq) return letter;
    }
    return Status(Code::kNotFound, "no dead letter " + topic + " " + std::to_string(seq));
  }
  Result<Appended> requeue(const std::string& topic, Seq seq) override {
    const auto letter = dead_letter(topic, seq);
    if (!letter.ok()) return letter.status();
    return Appended{++tails[topic], false};
  }
  Status drop_dead_letter(const std::string& topic, Seq seq, const std::string& who) override {
    calls.push_back("drop " + topic + " " + std::to_string(seq) + " " + who);
    return dead_letter(topic, seq).status();
  }
  Result<PurgeRecord> purge(const std::string& topic, Seq through,
                            const std::string& who) override {
    records.push_back({topic, 1, through == 0 ? tails[topic] : through, 5, 42, who});
    return records.back();
  }
  Result<std::vector<PurgeRecord>> purges() override { return records; }
  Status pause(const std::string& topic) override { return call("pause " + topic); }
  Status resume(const std::string& topic) override { return call("resume " + topic); }
  Status accept(const std::string& topic) override { return call("accept " + topic); }

  Status ready() override { return readiness; }
  std::string metrics() override { return "outbox_ready 1\n"; }

  Status failure;
  Status readiness;
  std::map<std::string, Seq> tails;
  std::map<std::string, Seq> ids;
  std::vector<StoredEntry> entries;
  std::vector<DeadLetter> dead;
  std::vector<PurgeRecord> records;
  std::vector<std::string> calls;

 private:
  Status call(const std::string& what) {
    calls.push_back(what);
    return {};
  }
  std::mutex mutex_;
};

}  // namespace outbox::service
