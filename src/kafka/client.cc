#include "kafka/client.h"

#include <array>
#include <string_view>

namespace outbox::kafka {
namespace {

constexpr std::size_t kErrorTextBytes = 512;
constexpr std::string_view kKnownWarning = "enable.gapless.guarantee is experimental";
constexpr std::string_view kConnectionFailed = "FAIL";
constexpr int kDebugLevel = 7;
constexpr int kEvents = RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG;

}  // namespace

Notice log_notice(int level, const char* facility, const char* text) {
  Notice notice;
  notice.level = level;
  notice.text = std::string(facility) + ": " + text;
  // Said with every instance, of a setting that we chose with open eyes; and what an error
  // event says as well.
  if (notice.text.find(kKnownWarning) != std::string::npos || facility == kConnectionFailed) {
    notice.level = kDebugLevel;
  }
  return notice;
}

Notice error_notice(rd_kafka_t* handle, std::int32_t error, const char* text, bool fatal) {
  Notice notice;
  notice.error = error;
  notice.kind = Notice::Kind::kError;
  if (text != nullptr) notice.text = text;
  if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    notice.kind = Notice::Kind::kAllBrokersDown;
  } else if (fatal) {
    std::array<char, kErrorTextBytes> cause{};
    notice.kind = Notice::Kind::kFatal;
    notice.error = rd_kafka_fatal_error(handle, cause.data(), cause.size());
    notice.text = cause.data();
  }
  return notice;
}

Result<ConfPtr> make_conf(const Properties& properties) {
  ConfPtr conf(rd_kafka_conf_new());
  std::array<char, kErrorTextBytes> text{};
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), text.data(), text.size()) !=
        RD_KAFKA_CONF_OK) {
      return Status(Code::kInvalidArgument, "Kafka property " + name + " is refused");
    }
  }
  return conf;
}

Result<Client> make_client(const Properties& properties, rd_kafka_type_t type) {
  auto made = make_conf(properties);
  if (!made.ok()) return made.status();
  ConfPtr conf = std::move(*made);
  std::array<char, kErrorTextBytes> text{};
  rd_kafka_conf_set_events(conf.get(), kEvents);
  HandlePtr handle(rd_kafka_new(type, conf.get(), text.data(), text.size()));
  if (!handle) return Status(Code::kKafka, std::string("librdkafka: ") + text.data());
  (void)conf.release();  // now the handle's
  // Null: log lines go to the main queue, with the other events.
  if (rd_kafka_set_log_queue(handle.get(), nullptr) != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Status(Code::kKafka, "librdkafka has no log queue");
  }
  QueuePtr events(rd_kafka_queue_get_main(handle.get()));
  return Client{std::move(handle), std::move(events)};
}

Notice notice_of(rd_kafka_t* handle, rd_kafka_event_t* event) {
  if (rd_kafka_event_type(event) != RD_KAFKA_EVENT_LOG) {
    return error_notice(handle, rd_kafka_event_error(event), rd_kafka_event_error_string(event),
                        rd_kafka_event_error_is_fatal(event) != 0);
  }
  const char* facility = nullptr;
  const char* text = nullptr;
  int level = 0;
  if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return {};
  return log_notice(level, facility, text);
}

}  // namespace outbox::kafka
