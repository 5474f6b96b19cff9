#include "mock/error_courses.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace outbox::test {
namespace {

constexpr Request kAnswered[] = {Request::kProduce, Request::kInitProducerId};
constexpr int kLast = ErrorCase::kEntries - 1;

void judge(ErrorCase& of, const std::vector<Cell>& cells, Campaign& campaign) {
  for (const Cell& cell : cells) {
    INFO(cell.name());
    const Counts counts = of.count(cell.name());
    (void)campaign.next();
    campaign.add(counts);
    CHECK(counts.wrong() == 0);
  }
}

void set_error(ErrorCase& of, const Cell& cell, std::int32_t code) {
  of.rig().cluster().set_topic_error(cell.name(), static_cast<rd_kafka_resp_err_t>(code));
}

/// Was the relay told of every topic's error? One answer is about all of them.
bool all_told(const std::vector<Cell>& cells) {
  return std::ranges::all_of(cells, [](const Cell& cell) {
    return wanted_action(cell) == kafka::Action::kNone || named(cell);
  });
}

}  // namespace

Course answered_requests(kafka::ErrorRow row, Campaign& campaign) {
  ErrorCase of;
  std::vector<Cell> cells;
  for (const Request kind : kAnswered) {
    for (const Times times : kAllTimes) cells.push_back({row, kind, times, 0, {}, {}, {}});
  }
  of.rig().start();
  of.append({ErrorCase::kWell}, 0, 1);
  co_await Until{[&] { return of.drained(); }, std::string(row.name) + ": a first entry"};
  for (Cell& cell : cells) {
    of.add_topic(cell.name());
    of.fall_ill(cell);
    of.append({cell.name()}, 0, kLast);
    const bool stops = wanted_action(cell) == kafka::Action::kStop;
    for (bool waits = cell.lasts() || stops; waits; waits = stops && cell.ill()) {
      // Looked at after it stopped: then the answer that stopped it is among those counted.
      co_await Until{[&] {
                       const bool stopped = stops && of.relay_stopped();
                       of.look(cell);
                       return stops ? stopped : begun(cell);
                     },
                     cell.name() + ": the action"};
      if (cell.lasts()) of.heal(cell);
      if (stops) of.start_again();
    }
    co_await Until{[&] { return of.look(cell), of.drained(); }, cell.name() + ": the end"};
    // It flows as before; and a producer that was made anew is counted once it is there.
    of.append({cell.name()}, kLast, ErrorCase::kEntries);
    co_await Until{[&] { return of.look(cell), of.drained(); }, cell.name() + ": one more entry"};
    of.check(cell);
  }
  const std::string name(row.name);
  of.begin_reading();
  co_await Until{[&] { return of.all_read(); }, name + ": reading back"};
  judge(of, cells, campaign);
  of.begin_stop();
  co_await Until{[&] { return of.stopped(); }, name + ": the stop"};
  of.check_stop();
}

Course topics_in_error(std::vector<kafka::ErrorRow> rows, Times times, Campaign& campaign) {
  ErrorCase of;
  std::vector<Cell> cells;
  std::vector<std::string> topics;
  for (const kafka::ErrorRow& row : rows) {
    cells.push_back({row, Request::kMetadata, times, 0, {}, {}, {}});
    topics.push_back(cells.back().name());
    of.add_topic(topics.back());
    set_error(of, cells.back(), row.code);
  }
  const std::string name = "metadata-" + name_of(times);
  of.rig().start();
  // The producer has asked for what it asks at its start.
  of.append({ErrorCase::kWell}, 0, kLast);
  co_await Until{[&] { return of.drained(); }, name + ": the topic without an error"};
  of.append(topics, 0, ErrorCase::kEntries);
  co_await Until{[&] { return of.look_at_topics(cells), all_told(cells); }, name + ": the errors"};
  of.append({ErrorCase::kWell}, kLast, ErrorCase::kEntries);
  of.count_answers();
  co_await Until{[&] { return of.look_at_topics(cells), std::ranges::all_of(cells, begun); },
                 name + ": the answers"};
  co_await Until{[&] { return of.rig().lane(ErrorCase::kWell).ledger.pending == 0; },
                 name + ": the topic without an error, beside them"};
  for (const Cell& cell : cells) {
    CHECK(of.rig().lane(cell.name()).ledger.delivered == 0);
    set_error(of, cell, 0);
  }
  co_await Until{[&] { return of.look_at_topics(cells), of.drained(); }, name + ": the end"};
  for (Cell& cell : cells) of.check(cell);
  of.begin_reading();
  co_await Until{[&] { return of.all_read(); }, name + ": reading back"};
  judge(of, cells, campaign);
  of.begin_stop();
  co_await Until{[&] { return of.stopped(); }, name + ": the stop"};
  of.check_stop();
}

}  // namespace outbox::test
