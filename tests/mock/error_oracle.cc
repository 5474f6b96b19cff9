// The error table is the oracle: what it says of a code must be what was done, and nothing else.
#include "mock/error_oracle.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <string_view>

namespace outbox::test {
namespace {

using kafka::Action;

// So many answers at least before an error that lasts is healed.
constexpr std::size_t kAnswersIll = 3;
// What was not begun after so many will not come.
constexpr std::size_t kAnswersEnough = 9;
// With the rig's pauses every next try is due within this.
constexpr std::string_view kStalledShortly = " (next try in 0 s)";

/// The code that the relay is told.
std::int32_t told(const Cell& cell) {
  const std::int32_t code = cell.row.code;
  return cell.kind == Request::kInitProducerId ? kafka::fatal_without_id(code) : code;
}

Action action_in_table(std::int32_t code) {
  for (const kafka::ErrorRow& row : kafka::error_rows()) {
    if (row.code == code) return row.action;
  }
  return Action::kNone;
}

std::string reason_of(const Cell& cell) { return std::string(kafka::error_text(told(cell))); }

/// Why the relay makes a new producer; empty = for no reason of its own.
std::string rebuild_reason(const Cell& cell) {
  if (cell.kind != Request::kProduce) return {};
  // librdkafka calls this one a success without an offset.
  if (cell.row.code == RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER) return "implicit ack";
  switch (wanted_action(cell)) {
    case Action::kStall:
      return "stall";
    case Action::kVerdict:
      return "verdict";
    case Action::kRebuild:
      return "error";
    default:
      return {};
  }
}

bool state_begins(const Cell& cell, const std::string& text) {
  return std::ranges::any_of(cell.states, [&](const auto& s) { return s.starts_with(text); });
}

/// May the topic say so, in passing?
bool state_fits(const Cell& cell, std::string_view state) {
  const Action action = wanted_action(cell);
  const std::string reason = reason_of(cell);
  const auto is = [&](const std::string& text) { return state == text; };
  if (is("flowing") || is("waiting: for the topic's metadata")) return true;
  if (is("waiting: recording the partition count")) return true;
  if (action == Action::kNone) return false;
  if (cell.kind == Request::kMetadata) return is("waiting: " + reason) || is("stalled: " + reason);
  if (is("probing: not delivered by three producers")) return true;
  switch (action) {
    case Action::kStop:
      return is("stopped: " + reason);
    case Action::kVerdict:
      return is("probing: " + reason);
    case Action::kStall:
      if (cell.kind == Request::kInitProducerId) return is("stalled: " + reason);
      [[fallthrough]];
    case Action::kUnknownTopic:
      return is("probing: " + reason) || is("stalled: " + reason + std::string(kStalledShortly));
    default:
      return false;
  }
}

bool stall_wanted(const Cell& cell) {
  const Action action = wanted_action(cell);
  return action == Action::kStall || action == Action::kUnknownTopic;
}

std::size_t answers_wanted(const Cell& cell) {
  if (cell.lasts() && wanted_action(cell) == Action::kStop) return 1;
  return cell.lasts() ? kAnswersIll : static_cast<std::size_t>(cell.times);
}

/// The producer's end is what the relay notices, whatever it does about the entry.
bool ends_producer(const Cell& cell) {
  const Action action = wanted_action(cell);
  return action != Action::kNone && action != Action::kStop && cell.kind != Request::kMetadata;
}

std::string wrong_rebuilds(const Cell& cell) {
  const std::string wanted = rebuild_reason(cell);
  const Action action = wanted_action(cell);
  if (!wanted.empty() && !cell.rebuilds.contains(wanted)) return "no rebuild: " + wanted;
  // A message that is handed over before the relay is told is refused, which is an error.
  const bool refused = cell.kind == Request::kInitProducerId && action != Action::kNone;
  const bool fatal = ends_producer(cell) || action == Action::kStop;
  const bool seen = cell.rebuilds.contains("fatal") || (refused && cell.rebuilds.contains("error"));
  if (wanted.empty() && ends_producer(cell) && !seen) return "no rebuild: fatal";
  for (const auto& [reason, count] : cell.rebuilds) {
    const bool fits = (refused && reason == "error") || (fatal && reason == "fatal");
    if (reason != wanted && !fits) return "a rebuild: " + reason;
  }
  return {};
}

std::string wrong_states(const Cell& cell) {
  if (const std::string wrong = misfit(cell); !wrong.empty()) return wrong;
  if (wanted_action(cell) == Action::kStop && !state_begins(cell, "stopped")) return "no stop";
  if (cell.lasts() && stall_wanted(cell) && !state_begins(cell, "stalled")) return "not stalled";
  return {};
}

/// The first verdict sends its entry alone; each one after it is a death.
std::string wrong_dead(const Cell& cell) {
  const bool verdict = wanted_action(cell) == Action::kVerdict && cell.kind == Request::kProduce;
  for (const std::string& reason : cell.dead) {
    if (!verdict || reason != reason_of(cell)) return "dead: " + reason;
  }
  if (!verdict) return {};
  const std::size_t deaths = cell.answers - 1;
  if (cell.lasts() ? !cell.dead.empty() : cell.dead.size() == deaths) return {};
  return std::to_string(cell.dead.size()) + " dead of " + std::to_string(cell.answers) + " answers";
}

}  // namespace

std::string name_of(Times times) {
  if (times == Times::kUntilHealed) return "until-healed";
  return "times-" + std::to_string(static_cast<std::size_t>(times));
}

std::string Cell::name() const {
  const char* const of = kind == Request::kProduce    ? "produce"
                         : kind == Request::kMetadata ? "metadata"
                                                      : "producer-id";
  return std::string(row.name) + "-" + of + "-" + name_of(times);
}

std::vector<kafka::ErrorRow> broker_rows() {
  std::vector<kafka::ErrorRow> rows;
  for (const kafka::ErrorRow& row : kafka::error_rows()) {
    if (row.code > 0) rows.push_back(row);
  }
  return rows;
}

Action wanted_action(const Cell& cell) {
  switch (cell.kind) {
    case Request::kProduce:
      return kafka::repeated_inside(cell.row.code) ? Action::kNone : cell.row.action;
    case Request::kInitProducerId:
      return told(cell) == 0 ? Action::kNone : action_in_table(told(cell));
    case Request::kMetadata:
      // A topic being made says so for a moment; anything else keeps it from use until it passes.
      return cell.row.action == Action::kRetry ? Action::kNone : Action::kUnknownTopic;
  }
  return Action::kNone;
}

bool named(const Cell& cell) {
  const std::string reason = reason_of(cell);
  return std::ranges::any_of(cell.states, [&](const auto& s) { return s.find(reason) != s.npos; });
}

bool begun(const Cell& cell) {
  const Action action = wanted_action(cell);
  if (action == Action::kStop) return state_begins(cell, "stopped");
  if (cell.answers < answers_wanted(cell)) return false;
  if (!cell.lasts() || cell.answers >= kAnswersEnough) return true;
  if (stall_wanted(cell)) return state_begins(cell, "stalled");
  if (action == Action::kVerdict) return !cell.dead.empty();
  return !ends_producer(cell) || !cell.rebuilds.empty();
}

std::string misfit(const Cell& cell) {
  for (const std::string& state : cell.states) {
    if (!state_fits(cell, state)) return "the topic says " + state;
  }
  return {};
}

std::string complaint(const Cell& cell) {
  if (cell.answers < answers_wanted(cell))
    return "only " + std::to_string(cell.answers) + " answers";
  for (const std::string& wrong : {wrong_rebuilds(cell), wrong_states(cell), wrong_dead(cell)}) {
    if (!wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace outbox::test
