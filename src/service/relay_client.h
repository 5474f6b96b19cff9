#pragma once

#include <chrono>
#include <memory>

#include "outbox/status.h"
#include "service/access.h"
#include "service/endpoint.h"

namespace outbox::service {

/// An outbox through the HTTP interface of the relay that holds it. kIoError
/// with "does not answer" when nobody listens there (a relay that was killed
/// leaves its endpoint behind). `answer_timeout_ms` must exceed the relay's
/// full_deadline.
Result<std::unique_ptr<Access>> connect_relay(const Endpoint& endpoint,
                                              std::chrono::milliseconds answer_timeout_ms);

}  // namespace outbox::service
