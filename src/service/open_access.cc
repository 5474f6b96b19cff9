#include "service/open_access.h"

#include <algorithm>
#include <filesystem>

#include "base/clock.h"
#include "outbox/outbox.h"
#include "service/outbox_access.h"
#include "service/reader_access.h"
#include "service/relay_client.h"

namespace outbox::service {
namespace {

using std::chrono::milliseconds;

/// A relay may start while a command waits for the lock: look again this often.
constexpr milliseconds kLookAgain{200};
/// On top of what the relay itself may wait.
constexpr milliseconds kAnswerMargin{30'000};

/// An outbox that this command opened itself.
class OwnedAccess final : public OutboxAccess {
 public:
  explicit OwnedAccess(std::unique_ptr<Outbox> outbox)
      : OutboxAccess(*outbox, nullptr), outbox_(std::move(outbox)) {}

 private:
  std::unique_ptr<Outbox> outbox_;
};

Result<std::unique_ptr<Access>> through_relay(const Config& config) {
  const auto endpoint = read_endpoint_file(config.dir);
  if (!endpoint.ok()) return endpoint.status();
  return connect_relay(*endpoint, config.store.full_deadline_ms + kAnswerMargin);
}

Result<std::unique_ptr<Access>> directly(const Config& config) {
  const SystemClock clock;
  const std::int64_t deadline_ms = clock.mono_ms() + config.store.open_deadline_ms.count();
  while (true) {
    const std::int64_t left_ms = std::max<std::int64_t>(0, deadline_ms - clock.mono_ms());
    Options options = config.store;
    options.open_deadline_ms = std::min(kLookAgain, milliseconds(left_ms));
    auto outbox = Outbox::open(config.dir, options);
    if (outbox.ok()) {
      return std::unique_ptr<Access>(std::make_unique<OwnedAccess>(std::move(*outbox)));
    }
    if (outbox.status().code() != Code::kBusy) return outbox.status();
    if (auto relay = through_relay(config); relay.ok()) return relay;
    if (left_ms == 0) return outbox.status();
  }
}

}  // namespace

Result<std::unique_ptr<Access>> open_access(const Config& config, Intent intent) {
  std::error_code ignored;
  const bool exists = std::filesystem::exists(config.dir, ignored);
  if (!exists && (intent != Intent::kWrite || !config.store.create_if_missing)) {
    return Status(Code::kNotFound, "there is no outbox in " + config.dir.string());
  }
  if (auto relay = through_relay(config); relay.ok()) return relay;
  if (intent == Intent::kSteer) {
    return Status(Code::kNotFound, "no relay runs on the outbox in " + config.dir.string() +
                                       "; start one with outbox-relay run");
  }
  return intent == Intent::kRead ? open_reader(config) : directly(config);
}

}  // namespace outbox::service
