#pragma once

#include <string>

#include "outbox/inbox.h"
#include "service/http_types.h"

namespace outbox::service {

/// An inbox's counters in Prometheus' text format. `healthy`: it works.
std::string inbox_metrics(const InboxStats& stats, bool healthy);

/// What a process that consumes answers to GET /metrics, /livez and /readyz (503 with the reason
/// once the whole inbox has stopped; a partition that halts alone is a metric). Any thread.
HttpResponse answer_for(const Inbox& inbox, const HttpRequest& request);

}  // namespace outbox::service
