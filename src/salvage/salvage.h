#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "outbox/options.h"
#include "outbox/status.h"
#include "salvage/report.h"

namespace outbox::salvage {

/// Names of what is made in the target directory.
inline constexpr const char* kCopy = "damaged-copy";
inline constexpr const char* kOutbox = "outbox";
inline constexpr const char* kReport = "report.ndjson";
inline constexpr const char* kDeadLetters = "dead-letters.ndjson";

/// Called now and then with what is being done.
using SalvageProgress = std::function<void(const std::string&)>;

/// Copies the outbox in `from` to `to`/damaged-copy, and appends what is whole in the copy to a
/// new outbox, `to`/outbox, from each topic's recorded head on and in order. Never writes in
/// `from`. What was found and what is missing is in the answer and in `to`/report.ndjson.
///
/// A whole outbox is salvaged as well. Not carried over: idempotency keys, partition counts, purge
/// records. Consumers see new numbers of a new outbox id; each message names its old one in the
/// header outbox-salvaged-from.
///
/// kInvalidArgument: `to` is not empty, or one is inside of the other. kBusy: somebody holds
/// `from`. kNotFound: `from` is no outbox. kDiskFull: `to` has less than three times the size of
/// `from`. kUnknownVersion. After kIoError or kDiskFull remove `to` and begin anew.
Result<Report> salvage(const std::filesystem::path& from, const std::filesystem::path& to,
                       const Options& options, const SalvageProgress& progress = {});

}  // namespace outbox::salvage
