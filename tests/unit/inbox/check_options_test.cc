#include "inbox/check_options.h"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

namespace outbox::inbox {
namespace {

using std::chrono::milliseconds;

InboxOptions sound() {
  InboxOptions options;
  options.bootstrap_servers = "nowhere";
  options.group = "g";
  options.topics = {"t"};
  return options;
}

struct Mistake {
  const char* named;
  std::function<void(InboxOptions&)> make;
};

void all_are_named(const std::vector<Mistake>& mistakes) {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.named);
    InboxOptions options = sound();
    mistake.make(options);
    const Status status = check_options(options);
    CHECK(status.code() == Code::kInvalidArgument);
    CHECK(status.message().find(mistake.named) != std::string::npos);
  }
}

TEST_CASE("inbox options: what is sound is taken, the largest too") {
  InboxOptions options = sound();
  CHECK(check_options(options).ok());
  options.workers = InboxOptions::kWorkersMax;
  options.topics.clear();
  options.partitions = {{"t", {0, 7}}};
  CHECK(check_options(options).ok());
}

TEST_CASE("inbox options: what is to be read has to be clear") {
  all_are_named({
      {"bootstrap_servers", [](auto& o) { o.bootstrap_servers.clear(); }},
      {"group", [](auto& o) { o.group.clear(); }},
      {"either topics or partitions", [](auto& o) { o.topics.clear(); }},
      {"either topics or partitions",
       [](auto& o) {
         o.partitions = {{"t", {0}}};
       }},
      {"partitions of t is empty",
       [](auto& o) {
         o.topics.clear(), o.partitions = {{"t", {}}};
       }},
      {"one twice",
       [](auto& o) {
         o.topics.clear(), o.partitions = {{"t", {1, 1}}};
       }},
      {"a negative one",
       [](auto& o) {
         o.topics.clear(), o.partitions = {{"t", {-1}}};
       }},
      {"dead_letter_topic", [](auto& o) { o.on_failure = InboxFailure::kDeadLetter; }},
      {"dead_letter_topic", [](auto& o) { o.dead_letter_topic = "dead"; }},
      {"families without dir", [](auto& o) { o.families = {"state"}; }},
  });
}

TEST_CASE("inbox options: numbers out of their range are named") {
  all_are_named({
      {"workers", [](auto& o) { o.workers = 0; }},
      {"workers is above 1024", [](auto& o) { o.workers = InboxOptions::kWorkersMax + 1; }},
      {"queued_messages_max", [](auto& o) { o.queued_messages_max = 0; }},
      {"queued_bytes_max", [](auto& o) { o.queued_bytes_max = 0; }},
      {"unfinished_span_max", [](auto& o) { o.unfinished_span_max = 0; }},
      {"sessions_of_outbox_max", [](auto& o) { o.sessions_of_outbox_max = 0; }},
      {"sessions_max", [](auto& o) { o.sessions_max = 0; }},
      {"write_buffer_bytes", [](auto& o) { o.write_buffer_bytes = 0; }},
      {"attempts_max", [](auto& o) { o.attempts_max = -1; }},
      {"retry_backoff_min", [](auto& o) { o.retry_backoff_min_ms = milliseconds(0); }},
      {"retry_backoff_max", [](auto& o) { o.retry_backoff_max_ms = milliseconds(0); }},
      {"commit_interval", [](auto& o) { o.commit_interval_ms = milliseconds(0); }},
      {"revoke_deadline", [](auto& o) { o.revoke_deadline_ms = milliseconds(-1); }},
      {"session_idle", [](auto& o) { o.session_idle_ms = milliseconds(0); }},
      {"stop_deadline", [](auto& o) { o.stop_deadline_ms = milliseconds(-1); }},
      {"open_deadline", [](auto& o) { o.open_deadline_ms = milliseconds(-1); }},
      {"dedup_window_messages", [](auto& o) { o.dedup_window_messages = -1; }},
  });
}

}  // namespace
}  // namespace outbox::inbox
