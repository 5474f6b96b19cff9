#include "relay/waker.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace outbox::relay {

Waker::Waker() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { OUTBOX_CHECK(fd_ >= 0); }

Waker::~Waker() { close(fd_); }

void Waker::wake() {
  if (woken_.exchange(true)) return;
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the thread wakes anyway.
  [[maybe_unused]] const auto written = write(fd_, &one, sizeof one);
}

void Waker::wait(std::int64_t timeout_ms) {
  constexpr std::int64_t kForever = -1;
  const std::int64_t bounded =
      timeout_ms < 0 ? kForever
                     : std::min<std::int64_t>(timeout_ms, std::numeric_limits<int>::max());
  pollfd waiting{fd_, POLLIN, 0};
  (void)poll(&waiting, 1, static_cast<int>(bounded));
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(fd_, &count, sizeof count);
  // Only when the counter is empty: a wake() in between would be read away, and each one after it
  // would find the flag set and write nothing. What such a wake() is about is found by the caller,
  // who looks only after this; an exchange and no store, so that he sees all that came before it.
  (void)woken_.exchange(false);
}

}  // namespace outbox::relay
