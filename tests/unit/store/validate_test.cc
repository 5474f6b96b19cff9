#include "store/validate.h"

#include <catch2/catch.hpp>

namespace outbox::store {
namespace {

Message valid() {
  Message message;
  message.topic = "orders";
  message.value = "v";
  return message;
}

/// One clear line: says what, and has no line break.
void check_refused(const Status& status, Code code, const std::string& names) {
  INFO(status.to_string());
  CHECK(status.code() == code);
  CHECK(status.message().find(names) != std::string::npos);
  CHECK(status.message().find('\n') == std::string::npos);
}

}  // namespace

TEST_CASE("validate: topic names as Kafka takes them") {
  for (const std::string& topic :
       {std::string("a"), std::string("A.b_c-9"), std::string(249, 'x'), std::string("...")}) {
    CHECK(validate_topic(topic).ok());
  }
  for (const std::string& topic :
       {std::string(), std::string("."), std::string(".."), std::string(250, 'x'),
        std::string("a b"), std::string("a/b"), std::string("\xc3\xa4"), std::string("a\nb"),
        std::string("a\0b", 3)}) {
    check_refused(validate_topic(topic), Code::kInvalidArgument, "topic");
  }
}

TEST_CASE("validate: each limit at its edge") {
  Options options;
  options.message_bytes_max = 100;
  options.key_bytes_max = 10;
  options.headers_max = 2;
  Message message = valid();
  message.key = std::string(10, 'k');
  message.value = std::string(90, 'v');
  CHECK(validate(message, options).ok());
  message.value->push_back('v');
  check_refused(validate(message, options), Code::kTooLarge, "message_bytes_max is 100");
  message = valid();
  message.key = std::string(11, 'k');
  check_refused(validate(message, options), Code::kTooLarge, "key_bytes_max is 10");
  message = valid();
  message.headers = {{"a", "1"}, {"b", std::nullopt}};
  CHECK(validate(message, options).ok());
  message.headers.push_back({"c", ""});
  check_refused(validate(message, options), Code::kTooLarge, "headers_max is 2");
  message.headers = {{"name", std::string(96, 'v')}};
  check_refused(validate(message, options), Code::kTooLarge, "message_bytes_max");
}

TEST_CASE("validate: what Kafka or librdkafka would mangle") {
  Message message = valid();
  message.headers = {{std::string("a\0b", 3), "v"}};
  check_refused(validate(message, Options{}), Code::kInvalidArgument, "NUL");
  message = valid();
  message.partition = -1;
  check_refused(validate(message, Options{}), Code::kInvalidArgument, "partition -1");
  message = valid();
  message.timestamp_ms = -1;
  check_refused(validate(message, Options{}), Code::kInvalidArgument, "timestamp_ms -1");
  message = valid();
  message.idempotency_key = std::string(256, 'i');
  CHECK(validate(message, Options{}).ok());
  message.idempotency_key.push_back('i');
  check_refused(validate(message, Options{}), Code::kTooLarge, "idempotency key");
}

TEST_CASE("validate: a topic's last known limits; unknown ones refuse nothing") {
  Message message = valid();
  message.partition = 5;
  message.value = std::string(1'000, 'v');
  CHECK(validate(message, TopicLimits{}).ok());
  CHECK(validate(message, TopicLimits{0, 6}).ok());
  check_refused(validate(message, TopicLimits{0, 5}), Code::kInvalidArgument, "0..4");
  CHECK(validate(message, TopicLimits{2'000, 6}).ok());
  check_refused(validate(message, TopicLimits{1'000, 6}), Code::kTooLarge, "max.message.bytes");
}

TEST_CASE("validate: an option out of range is named") {
  CHECK(validate(Options{}).ok());
  const auto refused = [](auto change, const std::string& name) {
    Options options;
    change(options);
    check_refused(validate(options), Code::kInvalidArgument, "option " + name);
  };
  refused([](Options& o) { o.pending_entries_max = 0; }, "pending_entries_max");
  refused([](Options& o) { o.pending_bytes_max = 0; }, "pending_bytes_max");
  refused([](Options& o) { o.message_bytes_max = std::size_t{2} << 30; }, "message_bytes_max");
  refused([](Options& o) { o.batch_entries_max = 0; }, "batch_entries_max");
  refused([](Options& o) { o.commit_queue_bytes_max = 0; }, "commit_queue_bytes_max");
  refused([](Options& o) { o.delivery_callbacks_max = 0; }, "delivery_callbacks_max");
  refused([](Options& o) { o.lanes_max = 0; }, "lanes_max");
  refused([](Options& o) { o.write_buffer_bytes = 1; }, "write_buffer_bytes");
  refused([](Options& o) { o.full_deadline_ms = std::chrono::milliseconds(-1); },
          "full_deadline_ms");
  refused([](Options& o) { o.full_deadline_ms = std::chrono::milliseconds::max(); },
          "full_deadline_ms");
  refused([](Options& o) { o.idempotency_window_ms = std::chrono::milliseconds(-5); },
          "idempotency_window_ms");
  refused([](Options& o) { o.open_deadline_ms = std::chrono::milliseconds::max(); },
          "open_deadline_ms");
}

}  // namespace outbox::store
