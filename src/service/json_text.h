#pragma once

#include <string>

#include "outbox/message.h"
#include "outbox/stats.h"

namespace outbox::service {

/// What json_out.h makes, as text on one line, without its library.
std::string stats_text(const Stats& stats);
std::string entry_text(const StoredEntry& entry);
std::string dead_letter_text(const DeadLetter& letter);
std::string purge_text(const PurgeRecord& record);

}  // namespace outbox::service
