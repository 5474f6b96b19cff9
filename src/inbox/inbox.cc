#include "outbox/inbox.h"

#include "base/clock.h"
#include "inbox/check_options.h"
#include "inbox/engine.h"
#include "kafka/consumer.h"
#include "kafka/consumer_settings.h"
#include "kafka/producer_factory.h"
#include "kafka/properties.h"

namespace outbox {

using inbox::Engine;
using inbox::EngineParts;

class Inbox::Impl {
 public:
  Impl(EngineParts parts, InboxOptions options, InboxHandler handler)
      : clock_(std::make_unique<SystemClock>()) {
    parts.clock = clock_.get();
    engine_ = std::make_unique<Engine>(std::move(parts), std::move(options), std::move(handler));
  }
  Engine& engine() { return *engine_; }

 private:
  std::unique_ptr<SystemClock> clock_;
  std::unique_ptr<Engine> engine_;
};

namespace {

Status open_store(const InboxOptions& options, const Log& log, EngineParts& parts) {
  if (options.dir.empty()) return {};
  auto store = inbox::Store::open(
      options.dir,
      {options.families, options.group, options.write_buffer_bytes, options.open_deadline_ms, log});
  if (!store.ok()) return store.status();
  parts.store = std::move(*store);
  return {};
}

/// A partition that is taken away is waited for; longer than this the group would not.
Status check_poll_interval(const kafka::Properties& properties, const InboxOptions& options) {
  const auto interval = kafka::milliseconds_of(properties, "max.poll.interval.ms");
  if (options.revoke_deadline_ms < interval) return {};
  return {Code::kInvalidArgument, "revoke_deadline is not below max.poll.interval.ms (" +
                                      std::to_string(interval.count()) + ")"};
}

}  // namespace

Result<std::unique_ptr<Inbox>> Inbox::start(InboxOptions options, InboxHandler handler) {
  if (Status status = inbox::check_options(options); !status.ok()) return status;
  const auto properties = kafka::consumer_properties(options);
  if (!properties.ok()) return properties.status();
  if (Status status = check_poll_interval(*properties, options); !status.ok()) return status;
  EngineParts parts;
  parts.log = logger_or_null(options.logger);
  if (options.on_failure == InboxFailure::kDeadLetter) {
    auto factory = kafka::make_producer_factory(kafka::producer_options(options));
    if (!factory.ok()) return factory.status();
    parts.dead_letter_producers = std::move(*factory);
  }
  if (Status status = open_store(options, parts.log, parts); !status.ok()) return status;
  auto consumer = kafka::make_consumer(*properties);
  if (!consumer.ok()) return consumer.status();
  parts.consumer = std::move(*consumer);
  auto impl = std::make_unique<Impl>(std::move(parts), std::move(options), std::move(handler));
  if (Status status = impl->engine().start(); !status.ok()) return status;
  return std::unique_ptr<Inbox>(new Inbox(std::move(impl)));
}

Inbox::Inbox(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Inbox::~Inbox() = default;

Status Inbox::stop(std::chrono::milliseconds timeout) { return impl_->engine().stop(timeout); }
Status Inbox::health() const { return impl_->engine().health(); }
InboxStats Inbox::stats() const { return impl_->engine().stats(); }
const InboxState& Inbox::state() const { return impl_->engine(); }

Status Inbox::resume(const std::string& topic, std::int32_t partition) {
  return impl_->engine().resume({topic, partition});
}

}  // namespace outbox
