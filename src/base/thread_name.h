#pragma once

#include <pthread.h>

namespace outbox {

/// Names the calling thread, for top, perf and gdb. Longer than 15 bytes is
/// refused by the kernel (pthread_setname_np(3)), and then the old name stays.
inline void name_thread(const char* name) { (void)::pthread_setname_np(::pthread_self(), name); }

}  // namespace outbox
