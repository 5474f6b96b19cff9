#include "kafka/error_table.h"

#include <librdkafka/rdkafka.h>

#include <catch2/catch.hpp>
#include <map>
#include <string>

namespace outbox::kafka {
namespace {

// librdkafka's list has holes and two markers for its ends.
bool real(const rd_kafka_err_desc& row) {
  return row.name != nullptr && row.code != RD_KAFKA_RESP_ERR__BEGIN &&
         row.code != RD_KAFKA_RESP_ERR__END;
}

TEST_CASE("every error code that librdkafka knows has a row, and no other has") {
  std::map<std::int32_t, ErrorRow> rows;
  for (const ErrorRow& row : error_rows()) {
    INFO(row.name);
    CHECK(rows.emplace(row.code, row).second);
    CHECK_FALSE(row.advice.empty());
  }
  const rd_kafka_err_desc* known = nullptr;
  std::size_t count = 0;
  rd_kafka_get_err_descs(&known, &count);
  std::size_t real_count = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!real(known[i])) continue;
    ++real_count;
    INFO(known[i].code << " " << known[i].name);
    REQUIRE(rows.contains(known[i].code));
    CHECK(rows.at(known[i].code).name == known[i].name);
  }
  CHECK(rows.size() == real_count);
}

TEST_CASE("only what is a verdict on the message itself may end an entry's way") {
  // Listed by hand: a code that moves here moves entries to the dead letters.
  const std::map<std::int32_t, const char*> verdicts = {
      {RD_KAFKA_RESP_ERR__BAD_COMPRESSION, ""},   {RD_KAFKA_RESP_ERR__INVALID_ARG, ""},
      {RD_KAFKA_RESP_ERR__KEY_SERIALIZATION, ""}, {RD_KAFKA_RESP_ERR__VALUE_SERIALIZATION, ""},
      {RD_KAFKA_RESP_ERR_INVALID_MSG, ""},        {RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE, ""},
      {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, ""}, {RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, ""},
      {RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP, ""},  {RD_KAFKA_RESP_ERR_POLICY_VIOLATION, ""},
      {RD_KAFKA_RESP_ERR_INVALID_RECORD, ""},
  };
  for (const ErrorRow& row : error_rows()) {
    INFO(row.name);
    CHECK((row.action == Action::kVerdict) == verdicts.contains(row.code));
  }
}

TEST_CASE("the common troubles have the actions the design names") {
  CHECK(action_for(RD_KAFKA_RESP_ERR__TRANSPORT) == Action::kRetry);
  CHECK(action_for(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS) == Action::kRetry);
  CHECK(action_for(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED) == Action::kStall);
  CHECK(action_for(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) == Action::kUnknownTopic);
  CHECK(action_for(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) == Action::kUnknownPartition);
  CHECK(action_for(RD_KAFKA_RESP_ERR__FATAL) == Action::kRebuild);
  CHECK(action_for(RD_KAFKA_RESP_ERR__GAPLESS_GUARANTEE) == Action::kRebuild);
  CHECK(action_for(RD_KAFKA_RESP_ERR_PRODUCER_FENCED) == Action::kStop);
}

TEST_CASE("a code of a newer librdkafka keeps the entry and rebuilds") {
  CHECK(action_for(12'345) == Action::kRebuild);
  CHECK(action_for(-12'345) == Action::kRebuild);
  CHECK(error_text(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) ==
        "MSG_SIZE_TOO_LARGE (Broker: Message size too large)");
}

}  // namespace
}  // namespace outbox::kafka
