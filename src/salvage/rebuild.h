#pragma once

#include <string>

#include "outbox/status.h"
#include "salvage/pile.h"
#include "salvage/report.h"
#include "salvage/sink.h"

namespace outbox::salvage {

/// The header that names where a salvaged message was: "<outbox>.<session>/<seq>".
inline constexpr const char* kSalvagedHeader = "outbox-salvaged-from";

/// Hands what the pile holds of one lane from its recorded head on to `entries`, in order, and its
/// dead letters to `dead_letters`. `durable`: up to there entries were durable.
Result<LaneReport> rebuild_lane(const Pile& pile, store::LaneId lane, Seq durable, Sink& entries,
                                Sink& dead_letters);

}  // namespace outbox::salvage
