#include "outbox/relay.h"

#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/observer.h"
#include "kafka/producer_factory.h"
#include "kafka/properties.h"
#include "outbox/outbox.h"
#include "relay/driver.h"

namespace outbox {

class Relay::Impl {
 public:
  Impl(relay::DriverParts parts, const RelayOptions& options)
      : driver(with_clock(std::move(parts)), options) {}

  SystemClock clock;
  relay::Driver driver;

 private:
  relay::DriverParts with_clock(relay::DriverParts parts) {
    parts.clock = &clock;
    return parts;
  }
};

Result<std::unique_ptr<Relay>> Relay::start(Outbox& outbox, RelayOptions options) {
  const auto properties = kafka::producer_properties(options, kafka::Role::kMain);
  if (!properties.ok()) return properties.status();
  auto factory = kafka::make_producer_factory(options);
  if (!factory.ok()) return factory.status();
  relay::DriverParts parts;
  parts.store = &outbox.store();
  parts.log = logger_or_null(outbox.store().logger());
  parts.factory = std::move(factory).value();
  parts.make_observer = [options](std::function<void()> on_news) {
    return kafka::make_observer(options, std::move(on_news));
  };
  parts.socket_timeout_ms = kafka::milliseconds_of(*properties, "socket.timeout.ms").count();
  auto impl = std::make_unique<Impl>(std::move(parts), options);
  if (Status status = impl->driver.start(); !status.ok()) return status;
  return std::unique_ptr<Relay>(new Relay(std::move(impl)));
}

Relay::Relay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Relay::~Relay() = default;

Status Relay::stop(std::chrono::milliseconds timeout) { return impl_->driver.stop(timeout); }
Status Relay::drain(std::chrono::milliseconds timeout) { return impl_->driver.drain(timeout); }
void Relay::pause(const std::string& topic) { impl_->driver.pause(topic); }
void Relay::resume(const std::string& topic) { impl_->driver.resume(topic); }
Status Relay::accept(const std::string& topic) { return impl_->driver.accept(topic); }
RelayStats Relay::stats() const { return impl_->driver.stats(); }

}  // namespace outbox
