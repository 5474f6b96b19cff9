#pragma once

#include <cstdint>
#include <string>

#include "cli/demo_check.h"
#include "cli/demo_child.h"
#include "outbox/stats.h"

namespace outbox::cli {

/// What the demo prints: one live line on a terminal, a line a second elsewhere.
class DemoScreen {
 public:
  DemoScreen();
  /// A step of the show.
  void step(const std::string& text);
  void live(const DemoProgress& progress, const DemoCheck::Verdict& read_back);
  void ledger(const Ledger& ledger);
  void verdict(const DemoCheck::Verdict& verdict, std::uint64_t repeated);

 private:
  void end_live_line();

  const bool terminal_;
  bool line_open_ = false;
  std::int64_t next_plain_ms_ = 0;
};

}  // namespace outbox::cli
