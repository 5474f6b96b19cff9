#include <algorithm>

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

constexpr const char* kInsideHeading = R"(
### What librdkafka settles by itself

Found with librdkafka 2.0.2, on its mock cluster. An answer to a produce request that it repeats
until it passes: the relay is not told, the topic says `flowing`, its backlog grows meanwhile. The
action above is for where else the code comes from.

)";

constexpr const char* kNoIdHeading = R"(
Before its first message a new producer asks for a producer id. An error in answer to that it logs,
and asks again every half second; but these end the producer, and the relay makes a new one, ever
more seldom. Where the action is *stall*, every topic says `stalled` until a message arrives.

| code | told as | action |
|---|---|---|
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

const ErrorRow& row_of(std::int32_t code) {
  return *std::ranges::find_if(error_rows(), [&](const ErrorRow& row) { return row.code == code; });
}

std::string quoted(std::string_view name) { return "`" + std::string(name) + "`"; }

void append_inside(std::string& out) {
  out += kInsideHeading;
  for (const ErrorRow& row : error_rows()) {
    if (repeated_inside(row.code)) out += "- " + quoted(row.name) + "\n";
  }
  out += kNoIdHeading;
  for (const ErrorRow& row : error_rows()) {
    if (fatal_without_id(row.code) == 0) continue;
    const ErrorRow& told = row_of(fatal_without_id(row.code));
    out += cell(quoted(row.name)) + cell(quoted(told.name)) + cell(word_of(told.action)) + "|\n";
  }
}

}  // namespace

std::string errors_markdown() {
  std::string out = kIntroduction;
  append_status_codes(out);
  out += kKafkaHeading;
  append_actions(out);
  out += kTableHeading;
  for (const ErrorRow& row : error_rows()) {
    out += cell(std::to_string(row.code)) + cell(quoted(row.name)) + cell(word_of(row.action)) +
           cell(row.advice) + "|\n";
  }
  append_inside(out);
  return out;
}

}  // namespace outbox::kafka
