#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "outbox/message.h"
#include "outbox/stats.h"

namespace outbox::service {

/// What is printed and sent, as JSON; json_in.h reads it back. Included by few
/// files: the library behind it is slow to compile.
nlohmann::ordered_json message_json(const Message& message);
nlohmann::ordered_json entry_json(const StoredEntry& entry);
nlohmann::ordered_json dead_letter_json(const DeadLetter& letter);
nlohmann::ordered_json ledger_json(const Ledger& ledger);
nlohmann::ordered_json stats_json(const Stats& stats);
nlohmann::ordered_json purge_json(const PurgeRecord& record);

/// On one line; bytes that are not UTF-8 (a state, a reason) are replaced.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace outbox::service
