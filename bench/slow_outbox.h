#pragma once

#include "append_sides.h"

namespace outbox::bench {

/// The outbox's side of bench_append on a file system of one's own: its store, because what is
/// public opens the real one. `load.env` must be set.
Sample slow_outbox_blocking(const AppendLoad& load, int threads);
Sample slow_outbox_async(const AppendLoad& load);

}  // namespace outbox::bench
