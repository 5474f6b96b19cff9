#pragma once

#include "store/verify.h"
#include "store/views.h"

namespace outbox::store {

/// Reads every entry and dead letter of the lane. `through`: up to there entries were durable.
void verify_lane(const Database& database, const StoredLane& lane, Seq through,
                 const VerifyProgress& progress, VerifyReport& report);

}  // namespace outbox::store
