#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "kafka/error_action.h"
#include "outbox/status.h"

namespace outbox::kafka {

/// What a librdkafka or broker error code means for an entry.
struct ErrorRow {
  std::int32_t code = 0;  ///< rd_kafka_resp_err_t
  std::string_view name;  ///< without the prefix RD_KAFKA_RESP_ERR_
  Action action;
  std::string_view advice;  ///< what an operator does
};

/// Every code that the librdkafka we were built with knows; error_rows.inc.
std::span<const ErrorRow> error_rows();

/// The action for a code; one that the table does not know (a newer
/// librdkafka) keeps the entry and rebuilds the producer.
Action action_for(std::int32_t code);

/// Does librdkafka repeat a produce request that was answered so by itself, until it passes? Then
/// nobody is told, and the table's action is for where else the code comes from.
bool repeated_inside(std::int32_t code);

/// The code under which an answer to the request for a producer id ends the producer; 0: it does
/// not, librdkafka asks again.
std::int32_t fatal_without_id(std::int32_t code);

/// "MSG_SIZE_TOO_LARGE (Broker: Message size too large)". Lives for ever.
std::string_view error_text(std::int32_t code);

/// kKafka, "what: the code's text"; OK for 0.
Status failed(std::string_view what, std::int32_t code);

}  // namespace outbox::kafka
