#include "cli/signals.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>

#include "base/thread_name.h"

namespace outbox::cli {
namespace {

/// What a shell reports for a process that a signal ended.
constexpr int kExitSignalBase = 128;

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

}  // namespace

StopSignal::StopSignal() {
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = service::Fd(::signalfd(-1, &set, SFD_CLOEXEC));
  end_ = service::Fd(::eventfd(0, EFD_CLOEXEC));
  thread_ = std::thread([this] { watch(); });
}

StopSignal::~StopSignal() {
  ::eventfd_write(end_.get(), 1);
  thread_.join();
}

bool StopSignal::wait_for(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [this] { return requested_; });
}

void StopSignal::watch() {
  name_thread("outbox-signals");
  while (true) {
    pollfd events[] = {{signals_.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
    if (::poll(events, 2, -1) < 0) continue;
    if (events[1].revents != 0) return;
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof(info)) != sizeof(info)) continue;
    const std::lock_guard lock(mutex_);
    if (requested_) ::_exit(kExitSignalBase + static_cast<int>(info.ssi_signo));
    requested_ = true;
    changed_.notify_all();
  }
}

}  // namespace outbox::cli
