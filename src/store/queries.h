#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "outbox/stats.h"
#include "outbox/status.h"
#include "store/database.h"
#include "store/format.h"

/// What is read from an open database, by the writer's instance and by a
/// secondary one alike. Every failed read and every record that does not check
/// is an error, never an end of the list. Thread-safe.
namespace outbox::store::queries {

/// Entries of the lane from `from` on, at most `count`, in order.
Result<std::vector<StoredEntry>> entries(const Database& database, LaneId lane,
                                         const std::string& topic, Seq from, std::size_t count);

/// Dead letters of the lane (key in the family `dead`: entry_key), oldest sequence number first.
Result<std::vector<DeadLetter>> dead_letters(const Database& database, LaneId lane,
                                             const std::string& topic, std::size_t count);
/// kNotFound: the entry is no dead letter.
Result<DeadLetter> dead_letter(const Database& database, LaneId lane, const std::string& topic,
                               Seq seq);

/// All purges, in order.
Result<std::vector<PurgeRecord>> purges(const Database& database);

}  // namespace outbox::store::queries
