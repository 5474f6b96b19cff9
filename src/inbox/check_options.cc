#include "inbox/check_options.h"

#include <algorithm>
#include <set>
#include <utility>

namespace outbox::inbox {
namespace {

using std::chrono::milliseconds;

Status invalid(const std::string& text) { return {Code::kInvalidArgument, text}; }

Status check_what(const InboxOptions& options) {
  if (options.bootstrap_servers.empty()) return invalid("bootstrap_servers is empty");
  if (options.group.empty()) return invalid("group is empty");
  if (options.topics.empty() == options.partitions.empty()) {
    return invalid("give either topics or partitions");
  }
  for (const auto& [topic, numbers] : options.partitions) {
    if (numbers.empty()) return invalid("partitions of " + topic + " is empty");
    const std::set<std::int32_t> once(numbers.begin(), numbers.end());
    if (once.size() != numbers.size()) return invalid("partitions of " + topic + " has one twice");
    if (*once.begin() < 0) return invalid("partitions of " + topic + " has a negative one");
  }
  const bool to_topic = options.on_failure == InboxFailure::kDeadLetter;
  if (to_topic == options.dead_letter_topic.empty()) {
    return invalid("dead_letter_topic and on_failure = kDeadLetter belong together");
  }
  if (options.dir.empty() && !options.families.empty()) return invalid("families without dir");
  return {};
}

Status check_limits(const InboxOptions& options) {
  const std::pair<const char*, std::size_t> at_least_one[] = {
      {"workers", options.workers},
      {"queued_messages_max", options.queued_messages_max},
      {"queued_bytes_max", options.queued_bytes_max},
      {"unfinished_span_max", options.unfinished_span_max},
      {"sessions_of_outbox_max", options.sessions_of_outbox_max},
      {"sessions_max", options.sessions_max},
      {"write_buffer_bytes", options.write_buffer_bytes},
      {"attempts_max", static_cast<std::size_t>(std::max(options.attempts_max, 0))}};
  for (const auto& [name, value] : at_least_one) {
    if (value == 0) return invalid(std::string(name) + " is not above 0");
  }
  if (options.workers > InboxOptions::kWorkersMax) {
    return invalid("workers is above " + std::to_string(InboxOptions::kWorkersMax));
  }
  const std::pair<const char*, milliseconds> times_above_zero[] = {
      {"retry_backoff_min", options.retry_backoff_min_ms},
      {"commit_interval", options.commit_interval_ms},
      {"revoke_deadline", options.revoke_deadline_ms},
      {"session_idle", options.session_idle_ms}};
  for (const auto& [name, time] : times_above_zero) {
    if (time < milliseconds(1)) return invalid(std::string(name) + " is not above 0");
  }
  if (options.stop_deadline_ms < milliseconds(0)) return invalid("stop_deadline is negative");
  if (options.open_deadline_ms < milliseconds(0)) return invalid("open_deadline is negative");
  if (options.retry_backoff_max_ms < options.retry_backoff_min_ms) {
    return invalid("retry_backoff_max is below retry_backoff_min");
  }
  if (options.dedup_window_messages < 0) return invalid("dedup_window_messages is negative");
  return {};
}

}  // namespace

Status check_options(const InboxOptions& options) {
  Status status = check_what(options);
  return status.ok() ? check_limits(options) : status;
}

}  // namespace outbox::inbox
