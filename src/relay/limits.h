#pragma once

#include <cstddef>
#include <cstdint>

/// The relay core's own limits; what a user may set is in CoreOptions.
namespace outbox::relay {

/// So many deliveries that are recorded in memory only have the store make them durable at
/// once; at most 1/kUnrecordedShare of the budget. What is left of it keeps the brokers busy.
inline constexpr std::size_t kUnrecordedMax = 10'000;
inline constexpr std::size_t kUnrecordedShare = 4;

/// Reads of the store that are not answered yet, over all lanes (one a lane).
inline constexpr std::size_t kReadsMax = 4;
/// One Read asks for at most this much, and for at most 1/kReadShare of the budgets.
inline constexpr std::size_t kReadEntriesMax = 8'192;
inline constexpr std::size_t kReadBytesMax = std::size_t{8} << 20;
inline constexpr std::size_t kReadShare = 16;
/// And at least 1/kReadShareLeast of the budgets, or it waits.
inline constexpr std::size_t kReadShareLeast = 1'024;

/// A partition that holds entries and settled none for this long does not hold up the others.
/// It takes no more once it holds 1/kStuckShare of the budgets.
inline constexpr std::int64_t kStuckMs = 2'000;
inline constexpr std::size_t kStuckShare = 256;
/// Entries that a probing lane holds; it sends them one at a time.
inline constexpr std::size_t kProbeHeldMax = 16;
/// Deliveries through the probe after which a lane is clean; doubled, up to the
/// maximum, whenever it gets into trouble again within kProbeMemoryMs.
inline constexpr std::uint32_t kCleanDeliveriesMin = 8;
inline constexpr std::uint32_t kCleanDeliveriesMax = 1'024;
inline constexpr std::int64_t kProbeMemoryMs = 600'000;

/// Partitions that do not exist (given by callers) with entries in memory, a lane.
inline constexpr std::size_t kStrayPartitionsMax = 16;
/// Entries of such a partition in memory once it is known not to come.
inline constexpr std::size_t kStrayHeldMax = 256;

/// A broker whose metadata lag may know of fewer partitions than were recorded, for a while. When
/// nothing else was seen for this long, asked again and again, the topic was made anew.
inline constexpr std::int64_t kFewerGraceMs = 10'000;
inline constexpr std::int64_t kFewerAskMs = 1'000;

/// An entry that failed in passing is sent again after this.
inline constexpr std::int64_t kRetryMinMs = 100;
inline constexpr std::int64_t kRetryMaxMs = 10'000;
/// Answers of the store that were no.
inline constexpr std::int64_t kStoreRetryMs = 1'000;
/// Rebuilds of a producer that delivered nothing since the last one.
inline constexpr std::int64_t kRebuildMinMs = 100;
inline constexpr std::int64_t kRebuildMaxMs = 30'000;
/// A producer with one request in flight goes back to pipelining when idle, or after this.
inline constexpr std::int64_t kSerialMs = 60'000;
/// And not before this, once it was given an old entry.
inline constexpr std::int64_t kSerialOldMs = 600'000;
/// Rebuilds at an unchanged head of a partition: from the second on with one
/// request in flight, from the third on the lane goes to the probe.
inline constexpr std::uint32_t kTroubleSerial = 2;
inline constexpr std::uint32_t kTroubleProbe = 3;
/// How often the watchdog looks while anything is held.
inline constexpr std::int64_t kTickMs = 1'000;
inline constexpr int kWatchdogDoublingsMax = 10;

}  // namespace outbox::relay
