#pragma once

#include <cstdint>

#include "model/sim_driver.h"

namespace outbox::model {

/// Reads the brokers' logs back at the end of a run: nothing lost, nothing
/// phantom, first occurrences in order, duplicates only repeats of a suffix,
/// the outbox-prev chain closed, the ledger balanced. Returns the duplicates.
std::uint64_t check_logs(Shared& shared);

}  // namespace outbox::model
