#pragma once

#include "outbox/inbox.h"

namespace outbox::inbox {

/// kInvalidArgument names the option that is wrong. Kafka properties are looked at elsewhere.
Status check_options(const InboxOptions& options);

}  // namespace outbox::inbox
