#pragma once

#include <vector>

#include "mock/error_case.h"
#include "support/side_by_side.h"

namespace outbox::test {

/// One code in answer to produce requests, then to requests for a producer id; each cell on a
/// topic of its own, one after the other.
Course answered_requests(kafka::ErrorRow row, Campaign& campaign);

/// All codes as errors of topics in metadata, side by side on one relay.
Course topics_in_error(std::vector<kafka::ErrorRow> rows, Times times, Campaign& campaign);

}  // namespace outbox::test
