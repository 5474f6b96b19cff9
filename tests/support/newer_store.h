#pragma once

#include <filesystem>

namespace outbox::test {

/// Where a version number of a format stands.
enum class Newer { kStore, kDurableTail, kRecords, kDeadRecords };

/// Makes version 2 of what stands there, its checksums right: as a later program may have left it.
/// Whatever else version 2 changes, it keeps the number's place and the checksum that covers it.
void make_newer(const std::filesystem::path& dir, Newer place);

}  // namespace outbox::test
