#pragma once

#include <memory>
#include <string>

#include "rival.h"

namespace outbox::bench {

/// A process that takes messages at a steady rate, is killed, and comes back.
class Victim {
 public:
  virtual ~Victim() = default;
  /// Of what it was given so far.
  virtual std::uint64_t accepted() const = 0;
  /// SIGKILL; answers how many it had accepted.
  virtual std::uint64_t kill() = 0;
  /// It sends what it finds in its directory, and takes nothing new.
  virtual void restart() = 0;
};

/// What a victim is given.
struct Offer {
  std::size_t value_bytes = 100;
  double per_second = 20'000;
};

/// One of make_rival(): this program once more, with the arguments of host().
std::unique_ptr<Victim> hosted_victim(const std::string& rival, const Site& site,
                                      const Offer& offer);
std::unique_ptr<Victim> rsyslog_victim(const Site& site, const Offer& offer, bool synced);

/// Is the process that hosted_victim() starts: never returns.
[[noreturn]] void host(int argc, char** argv);
/// How its command line begins.
inline constexpr const char* kHostCommand = "host";

}  // namespace outbox::bench
