#include "cli/demo_screen.h"

#include <unistd.h>

#include <cinttypes>
#include <cstdio>

#include "base/clock.h"

namespace outbox::cli {
namespace {

constexpr std::int64_t kPlainEveryMs = 1'000;

double mib(std::uint64_t bytes) { return static_cast<double>(bytes) / (1024.0 * 1024.0); }

}  // namespace

DemoScreen::DemoScreen() : terminal_(isatty(STDOUT_FILENO) != 0) {}

void DemoScreen::end_live_line() {
  if (line_open_) std::puts("");
  line_open_ = false;
}

void DemoScreen::step(const std::string& text) {
  end_live_line();
  std::printf("%s\n", text.c_str());
  std::fflush(stdout);
  next_plain_ms_ = 0;
}

void DemoScreen::live(const DemoProgress& progress, const DemoCheck::Verdict& read_back) {
  const std::int64_t now_ms = SystemClock().mono_ms();
  if (!terminal_ && now_ms < next_plain_ms_) return;
  next_plain_ms_ = now_ms + kPlainEveryMs;
  std::uint64_t durable = 0;
  for (const std::uint64_t number : progress.durable) durable += number;
  std::printf("%s   durable %9" PRIu64 "   delivered %9" PRIu64 "   backlog %8" PRIu64
              "   on disk %7.1f MiB   read back %9" PRIu64 "%s",
              terminal_ ? "\r" : "", durable, progress.delivered, progress.pending,
              mib(progress.disk_bytes), read_back.arrived, terminal_ ? "" : "\n");
  std::fflush(stdout);
  line_open_ = terminal_;
}

void DemoScreen::ledger(const Ledger& ledger) {
  end_live_line();
  std::printf("\nLedger:  appended %" PRIu64 " = delivered %" PRIu64 " + pending %" PRIu64
              " + dead %" PRIu64 " + requeued %" PRIu64 " + purged %" PRIu64 "   (%s)\n",
              ledger.appended, ledger.delivered, ledger.pending, ledger.dead, ledger.requeued,
              ledger.purged, ledger.balanced() ? "balanced" : "NOT BALANCED");
}

void DemoScreen::verdict(const DemoCheck::Verdict& verdict, std::uint64_t repeated) {
  std::printf("Read back from Kafka: %" PRIu64 " of %" PRIu64 " messages, missing %" PRIu64
              ", altered %" PRIu64 ", out of order %" PRIu64 ", duplicates %" PRIu64 "\n",
              verdict.arrived, verdict.expected, verdict.missing, verdict.altered,
              verdict.reordered, verdict.duplicates);
  std::printf(
      "Duplicates are re-sends after the kill; the outbox-id header tells a consumer each of "
      "them.\nAppends repeated by the writers after the kill and recognised by their "
      "idempotency key: %" PRIu64 "\n\n%s\n",
      repeated, verdict.perfect() ? "Every message arrived." : "MESSAGES ARE MISSING OR WRONG.");
  std::fflush(stdout);
}

}  // namespace outbox::cli
