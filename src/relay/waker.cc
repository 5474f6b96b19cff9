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
  // Cleared before the counter is read: a wake() in between writes again.
  woken_.store(false);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(fd_, &count, sizeof count);
}

}  // namespace outbox::relay
