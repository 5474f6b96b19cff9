#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "outbox/message.h"
#include "outbox/stats.h"
#include "outbox/status.h"

namespace outbox::service {

/// Reads what json_out.h and api.h write: answers of a running relay. An answer that cannot
/// be read is kIoError: the other side is not what it should be.
Result<std::vector<Appended>> parse_appended(std::string_view json);
Result<Stats> parse_stats(std::string_view json);
Result<std::vector<StoredEntry>> parse_entries(std::string_view json);
Result<std::vector<DeadLetter>> parse_dead_letters(std::string_view json);
Result<DeadLetter> parse_dead_letter(std::string_view json);
Result<PurgeRecord> parse_purge(std::string_view json);
Result<std::vector<PurgeRecord>> parse_purges(std::string_view json);
/// {"error": {"code": "kFull", "message": "..."}}
Status parse_error(std::string_view json);

}  // namespace outbox::service
