#include "kafka/docs.h"
#include "kafka/error_table.h"
#include "outbox/status.h"

namespace outbox::kafka {
namespace {

constexpr const char* kIntroduction = R"(# Errors

Written by the tests from `include/outbox/status_codes.inc` and `src/kafka/error_rows.inc`;
change them there.

## Status codes of the outbox

What every call of the library answers with, and `outbox-relay` prints.

)";

constexpr const char* kKafkaHeading = R"(
## Errors of Kafka and librdkafka

What the relay does with an entry whose delivery fails. No error removes an entry from the outbox
but a verdict on the entry itself, passed while it was alone in its request.

)";

constexpr const char* kTableHeading = R"(
The number is librdkafka's `rd_kafka_resp_err_t`: negative ones are its own, the others the
brokers'.

| code | name | action | what you do |
|---|---|---|---|
)";

std::string cell(std::string_view text) { return "| " + std::string(text) + " "; }

void append_status_codes(std::string& out) {
  out += "| code | meaning | what you do |\n|---|---|---|\n";
#define OUTBOX_STATUS_CODE(name, text, action) \
  out += cell("`" #name "`") + cell(text) + cell(action) + "|\n";
#include "outbox/status_codes.inc"
#undef OUTBOX_STATUS_CODE
}

void append_actions(std::string& out) {
  out += "| action | what the relay does |\n|---|---|\n";
#define OUTBOX_KAFKA_ACTION(name, word, text) out += cell(word) + cell(text) + "|\n";
#include "kafka/action_rows.inc"
#undef OUTBOX_KAFKA_ACTION
}

std::string_view word_of(Action action) {
  switch (action) {
#define OUTBOX_KAFKA_ACTION(name, word, text) \
  case Action::name:                          \
    return word;
#include "kafka/action_rows.inc"
#undef OUTBOX_KAFKA_ACTION
  }
  return {};
}

}  // namespace

std::string errors_markdown() {
  std::string out = kIntroduction;
  append_status_codes(out);
  out += kKafkaHeading;
  append_actions(out);
  out += kTableHeading;
  for (const ErrorRow& row : error_rows()) {
    out += cell(std::to_string(row.code)) + cell("`" + std::string(row.name) + "`") +
           cell(word_of(row.action)) + cell(row.advice) + "|\n";
  }
  return out;
}

}  // namespace outbox::kafka
