// What operators ask for.
#include <algorithm>

#include "base/check.h"
#include "relay/core_state.h"

namespace outbox::relay {

bool Core::State::accept(Lane& of) {
  if (of.halted.empty() && of.fewer != Lane::Fewer::kHalted) return false;
  of.halted.clear();
  of.accepting = of.fewer == Lane::Fewer::kHalted;
  // Entries on their way to partitions that are gone may never be reported.
  if (of.accepting && of.in_flight > 0) rebuild(of.channel, "accept", true);
  touch(of);
  return true;
}

void Core::State::service_accept(Lane& of) {
  if (!of.accepting || of.in_flight > 0 || of.bury_out || of.record_out || !of.seen) return;
  of.accepting = false;
  of.fewer = Lane::Fewer::kNo;
  if (static_cast<std::int32_t>(of.leaders.size()) < of.recorded.count) {
    // What was sent in vain keeps its place: some of it may have reached the new topic, and an
    // entry that is placed behind it there must not have a lower number.
    forget_held(of);
    of.accepted_from = std::max({of.progress().head, of.scan_until() + 1, of.doubt_through + 1});
    of.record_wanted = true;
  } else {
    compare_count(of);
  }
}

bool Core::State::purge(Lane& of, Seq through) {
  if (of.purge != Lane::Purge::kNone) return false;
  of.purge = Lane::Purge::kAwaiting;
  of.purge_wanted = through;
  touch(of);
  return true;
}

bool Core::State::cancel_purge(Lane& of) {
  if (of.purge == Lane::Purge::kNone || of.purge == Lane::Purge::kRecording) return false;
  of.purge = Lane::Purge::kNone;
  if (of.read_cursor == Lane::Cursor::kPurge) of.read = 0;
  touch(of);
  return true;
}

void Core::State::service_purge(Lane& of) {
  if (of.purge == Lane::Purge::kAwaiting) {
    if (of.in_flight > 0 || of.bury_out || of.record_out) return;
    forget_held(of);
    const store::Progress& progress = of.progress();
    of.purge_last = of.purge_wanted == 0 ? of.tail : std::min(of.purge_wanted, of.tail);
    of.purge_next = progress.head;
    of.purge_count = 0;
    of.purge = Lane::Purge::kCounting;
    if (of.purge_last >= of.scan_until() && of.purge_last >= progress.head) {
      of.purge_count = of.purge_last - progress.head + 1 - progress.settled_above_head;
      of.purge_next = of.purge_last + 1;
    }
  }
  if (of.purge != Lane::Purge::kCounting) return;
  if (of.purge_next > of.purge_last) {
    of.purge = Lane::Purge::kReady;
  } else if (now < of.read_at_ms) {
    wake(of, of.read_at_ms);
  } else if (of.read == 0) {
    // Which of them are settled already stands in the store alone.
    emit_read(of, Lane::Cursor::kPurge, of.purge_next, kReadEntriesMax, kReadBytesMax);
  }
}

void Core::State::emit_purge(Lane& of) {
  if (of.purge != Lane::Purge::kReady) return;
  of.purge = Lane::Purge::kRecording;
  ++answers_out;
  commands.purged.push_back({of.id, of.progress().head, of.purge_last, of.purge_count,
                             of.progress_after_purge(of.purge_last, of.purge_count)});
}

void Core::State::purge_recorded(Lane& of, bool ok) {
  if (of.purge != Lane::Purge::kRecording) return;
  of.purge = Lane::Purge::kNone;
  --answers_out;
  touch(of);
  if (!ok) return;
  of.purge_through(of.purge_last, of.purge_count);
  of.for_each_partition([&](Partition& partition) { clear_suspect(of, partition, of.purge_last); });
}

}  // namespace outbox::relay
