#pragma once

#include <cstdio>
#include <cstdlib>

/// An invariant of our own. On in every build: a process that no longer knows
/// what it holds must stop before it removes an entry.
#define OUTBOX_CHECK(condition)                                                              \
  do {                                                                                       \
    if (!(condition)) [[unlikely]] {                                                         \
      std::fprintf(stderr, "%s:%d: invariant broken: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
