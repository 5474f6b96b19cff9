#include "kafka/consumer.h"

#include <array>
#include <map>
#include <string_view>

#include "kafka/client.h"
#include "kafka/error_table.h"
#include "kafka/log_ends.h"
#include "kafka/partition_list.h"
#include "kafka/received.h"

namespace outbox::kafka {
namespace {

constexpr std::size_t kErrorTextBytes = 512;

Status outcome(const std::string& doing, rd_kafka_error_t* error) {
  if (error == nullptr) return {};
  const ErrorPtr owned(error);
  return {Code::kKafka, doing + ": " + rd_kafka_error_string(error)};
}

int milliseconds(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

class Consumer final : public ConsumerApi {
 public:
  Consumer() = default;
  ~Consumer() override { close(); }

  Status connect(const Properties& properties) {
    auto made = make_conf(properties);
    if (!made.ok()) return made.status();
    ConfPtr conf = std::move(*made);
    rd_kafka_conf_set_opaque(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), on_rebalance);
    rd_kafka_conf_set_offset_commit_cb(conf.get(), on_commit);
    rd_kafka_conf_set_error_cb(conf.get(), on_error);
    rd_kafka_conf_set_log_cb(conf.get(), on_log);
    std::array<char, kErrorTextBytes> text{};
    handle_.reset(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), text.data(), text.size()));
    if (!handle_) return {Code::kKafka, std::string("librdkafka: ") + text.data()};
    (void)conf.release();  // now the handle's
    if (rd_kafka_set_log_queue(handle_.get(), nullptr) != RD_KAFKA_RESP_ERR_NO_ERROR) {
      return {Code::kKafka, "librdkafka has no log queue"};
    }
    // All callbacks come out of poll(), in their order with the messages.
    return failed("librdkafka", rd_kafka_poll_set_consumer(handle_.get()));
  }

  Status subscribe(const std::vector<std::string>& topics) override {
    const PartitionsPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())));
    for (const std::string& topic : topics) {
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    }
    return failed("subscribing", rd_kafka_subscribe(handle_.get(), list.get()));
  }

  void poll(std::vector<ConsumerEvent>& into, const PollLimits& limits,
            std::chrono::milliseconds timeout) override {
    for (CommitResult& refused : refused_) into.push_back(std::move(refused));
    refused_.clear();
    sink_ = &into;
    const std::size_t full = into.size() + limits.events_max;
    std::size_t bytes = 0;
    for (int wait_ms = milliseconds(timeout); into.size() < full && bytes < limits.bytes_max;
         wait_ms = 0) {
      const MessagePtr message(rd_kafka_consumer_poll(handle_.get(), wait_ms));
      if (!message) break;
      bytes += message->len + message->key_len;
      take(message.get());
    }
    sink_ = nullptr;
  }

  Status assign(const std::vector<PartitionOffset>& starts) override {
    for (const PartitionOffset& start : starts) next_[start.where] = start.offset;
    if (eager()) return assign_all();
    const PartitionsPtr list = to_list(starts);
    return outcome("assigning", rd_kafka_incremental_assign(handle_.get(), list.get()));
  }

  Status unassign(const std::vector<TopicPartition>& partitions) override {
    for (const TopicPartition& where : partitions) next_.erase(where);
    if (eager()) {
      next_.clear();
      return failed("unassigning", rd_kafka_assign(handle_.get(), nullptr));
    }
    const PartitionsPtr list = to_list(partitions);
    return outcome("unassigning", rd_kafka_incremental_unassign(handle_.get(), list.get()));
  }

  Status pause(const std::vector<TopicPartition>& partitions) override {
    const PartitionsPtr list = to_list(partitions);
    rd_kafka_pause_partitions(handle_.get(), list.get());
    return failed("pausing", first_error(*list));
  }

  Status resume(const std::vector<TopicPartition>& partitions) override {
    const PartitionsPtr list = to_list(partitions);
    rd_kafka_resume_partitions(handle_.get(), list.get());
    return failed("resuming", first_error(*list));
  }

  // rd_kafka_seek refuses a partition that stopped for want of its offset; to be assigned anew is
  // what every state allows.
  Status seek(const PartitionOffset& to) override {
    next_[to.where] = to.offset;
    if (eager()) return assign_all();
    const PartitionsPtr away = to_list(std::vector<TopicPartition>{to.where});
    const PartitionsPtr back = to_list(std::vector<PartitionOffset>{to});
    Status status = outcome("seeking", rd_kafka_incremental_unassign(handle_.get(), away.get()));
    if (!status.ok()) return status;
    return outcome("seeking", rd_kafka_incremental_assign(handle_.get(), back.get()));
  }

  Result<std::vector<PartitionOffset>> committed(const std::vector<TopicPartition>& partitions,
                                                 std::chrono::milliseconds timeout) override {
    const PartitionsPtr list = to_list(partitions);
    Status status = failed("asking for committed offsets",
                           rd_kafka_committed(handle_.get(), list.get(), milliseconds(timeout)));
    if (status.ok()) status = failed("asking for committed offsets", first_error(*list));
    if (!status.ok()) return status;
    return offsets_of(*list);
  }

  Result<Ends> ends(const TopicPartition& where, std::chrono::milliseconds timeout) override {
    const auto ask = [&](LogEnd which) {
      return log_ends(handle_.get(), where.topic, {where.partition}, which, timeout);
    };
    const auto low = ask(LogEnd::kBegin);
    if (!low.ok()) return low.status();
    const auto high = ask(LogEnd::kEnd);
    if (!high.ok()) return high.status();
    return Ends{low->front(), high->front()};
  }

  Status commit(const std::vector<PartitionOffset>& offsets) override {
    if (offsets.empty()) return {};
    const PartitionsPtr list = to_list(offsets);
    return failed("committing", rd_kafka_commit(handle_.get(), list.get(), 0));
  }

  void commit_async(const std::vector<PartitionOffset>& offsets) override {
    const PartitionsPtr list = to_list(offsets);
    const auto error = rd_kafka_commit(handle_.get(), list.get(), 1);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) refused_.push_back({offsets, error});
  }

  void close() override {
    if (!handle_ || closing_) return;
    closing_ = true;
    rd_kafka_consumer_close(handle_.get());
  }

 private:
  static Consumer& self(void* opaque) { return *static_cast<Consumer*>(opaque); }

  static void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                           rd_kafka_topic_partition_list_t* partitions, void* opaque) {
    self(opaque).rebalance(handle, error, partitions);
  }
  static void on_commit(rd_kafka_t* /*handle*/, rd_kafka_resp_err_t error,
                        rd_kafka_topic_partition_list_t* offsets, void* opaque) {
    if (offsets == nullptr) return;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) error = first_error(*offsets);
    self(opaque).tell(CommitResult{offsets_of(*offsets), error});
  }
  static void on_error(rd_kafka_t* handle, int error, const char* text, void* opaque) {
    self(opaque).tell(error_notice(handle, error, text, error == RD_KAFKA_RESP_ERR__FATAL));
  }
  static void on_log(const rd_kafka_t* handle, int level, const char* facility, const char* text) {
    self(rd_kafka_opaque(handle)).tell(log_notice(level, facility, text));
  }

  /// Callbacks also come from within other calls than poll(): commit results and log lines there
  /// are nobody's news.
  void tell(ConsumerEvent event) {
    if (sink_ != nullptr) sink_->push_back(std::move(event));
  }

  // The callback only takes note: whoever polls answers with assign() or unassign().
  void rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t error,
                 rd_kafka_topic_partition_list_t* partitions) {
    if (closing_ || sink_ == nullptr) {
      (void)unassign(partitions_of(*partitions));
      return;
    }
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
      tell(Assigned{partitions_of(*partitions)});
    } else {
      tell(Revoked{partitions_of(*partitions), rd_kafka_assignment_lost(handle) != 0});
    }
    rd_kafka_yield(handle);
  }

  void take(rd_kafka_message_t* message) {
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      sink_->push_back(to_received(message));
      note_next(std::get<Received>(sink_->back()));
    } else if (message->err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET && message->rkt != nullptr) {
      tell(NotThere{{rd_kafka_topic_name(message->rkt), message->partition}});
    } else {
      tell(error_notice(handle_.get(), message->err, rd_kafka_message_errstr(message), false));
    }
  }

  /// Where an eager assignment goes on when one of its partitions is moved.
  void note_next(const Received& received) {
    if (!eager_) return;
    const auto found = next_.find({received.message.topic, *received.message.partition});
    if (found != next_.end()) found->second = received.offset + 1;
  }

  bool eager() {
    const char* const protocol = rd_kafka_rebalance_protocol(handle_.get());
    eager_ = protocol != nullptr && std::string_view(protocol) == "EAGER";
    return eager_;
  }

  Status assign_all() {
    std::vector<PartitionOffset> all;
    all.reserve(next_.size());
    for (const auto& [where, offset] : next_) all.push_back({where, offset, {}});
    const PartitionsPtr list = to_list(all);
    return failed("assigning", rd_kafka_assign(handle_.get(), list.get()));
  }

  HandlePtr handle_;
  std::vector<ConsumerEvent>* sink_ = nullptr;  ///< while polling
  std::map<TopicPartition, std::int64_t> next_;
  std::vector<CommitResult> refused_;  ///< commits that were not even begun
  bool eager_ = false;
  bool closing_ = false;
};

}  // namespace

Result<std::unique_ptr<ConsumerApi>> make_consumer(const Properties& properties) {
  auto consumer = std::make_unique<Consumer>();
  if (Status status = consumer->connect(properties); !status.ok()) return status;
  return std::unique_ptr<ConsumerApi>(std::move(consumer));
}

}  // namespace outbox::kafka
