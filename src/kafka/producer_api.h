#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "outbox/status.h"

namespace outbox::kafka {

/// A topic as one producer knows it; valid as long as that producer. Null = failed.
using TopicHandle = void*;

struct OutHeader {
  const char* name = nullptr;  ///< NUL-terminated
  std::optional<std::string_view> value;
};

/// One message on its way out. The value's bytes are not copied: they must stay
/// until the report of `opaque` was polled, or the producer was destroyed.
/// Key and headers are copied.
struct OutMessage {
  TopicHandle topic = nullptr;
  std::int32_t partition = -1;
  std::optional<std::string_view> key;
  std::optional<std::string_view> value;
  std::span<const OutHeader> headers;
  std::int64_t timestamp_ms = 0;
  /// Comes back in the report.
  std::uintptr_t opaque = 0;
};

/// What became of one message. `error` is an rd_kafka_resp_err_t, 0 = success.
struct Report {
  std::uintptr_t opaque = 0;
  std::int32_t error = 0;
  std::int32_t partition = -1;
  /// Negative with error 0: acknowledged only implicitly, which proves nothing.
  std::int64_t offset = -1;
  /// With an error: Kafka may have the message nevertheless.
  bool possibly_persisted = false;
};

/// Something that concerns the producer as a whole.
struct Notice {
  enum class Kind {
    kFatal,           ///< produces nothing any more; must be rebuilt
    kAllBrokersDown,  ///< no broker is connected
    kError,           ///< anything else; for the log
    kLog,             ///< a log line of librdkafka
  };
  Kind kind = Kind::kLog;
  std::int32_t error = 0;  ///< rd_kafka_resp_err_t; for kFatal the underlying one
  int level = 6;           ///< syslog's, for kLog
  std::string text;
};

/// What a poll brings.
struct Polled {
  std::vector<Report> reports;
  std::vector<Notice> notices;
  void clear() {
    reports.clear();
    notices.clear();
  }
};

/// A Kafka producer. One thread at a time. The seam between the relay and
/// librdkafka; tests put a fake here.
class ProducerApi {
 public:
  virtual ~ProducerApi() = default;

  /// Null: librdkafka refused; `error` says with which rd_kafka_resp_err_t.
  virtual TopicHandle topic(const std::string& name, std::int32_t& error) = 0;

  /// Never blocks. 0: taken over, exactly one report follows. Otherwise the
  /// rd_kafka_resp_err_t of a refusal: nothing was kept, no report follows.
  virtual std::int32_t produce(const OutMessage& message) = 0;

  /// The rd_kafka_resp_err_t that ended it: it refuses everything, and a kFatal notice says the
  /// same, maybe later. 0 = it works.
  virtual std::int32_t fatal_cause() const = 0;

  /// Appends what has come in, at most `events_max` events; never blocks.
  /// False: nothing is left for now.
  virtual bool poll(Polled& into, std::size_t events_max) = 0;

  /// Fails everything that is queued and in flight; the reports are polled as usual.
  virtual void purge() = 0;

  /// Messages that were taken over and whose report was not polled yet.
  virtual std::size_t unreported() const = 0;
};

/// Makes and unmakes producers.
class ProducerFactory {
 public:
  virtual ~ProducerFactory() = default;
  enum class Kind { kMain, kProbe };
  struct Request {
    Kind kind = Kind::kMain;
    /// Instead of max_in_flight_requests; 0 = as configured.
    int max_in_flight = 0;
    /// Upper bound for a batch; 0 = none but the configured one.
    std::int64_t batch_bytes_max = 0;
  };
  /// `wake_fd` (an eventfd) is written whenever there is something to poll.
  virtual Result<std::unique_ptr<ProducerApi>> make(const Request& request, int wake_fd) = 0;
  /// Destroys within the limit. False: librdkafka hangs; the instance is left
  /// behind for ever, and so must be what its messages point to.
  virtual bool unmake(std::unique_ptr<ProducerApi> producer, std::chrono::milliseconds limit) = 0;
};

}  // namespace outbox::kafka
