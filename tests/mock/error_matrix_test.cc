// Every error code that a broker can answer with, once, five times, and until healed, to a produce
// request, to a request for a producer id, and for a topic in metadata: the error arrived, the
// relay did what the error table says and nothing else, nothing stays stuck, is lost or changes
// places. The mock cluster checks no sequence numbers: duplicates are not judged here.
#include <catch2/catch.hpp>
#include <map>

#include "mock/error_courses.h"

namespace outbox::test {
namespace {

constexpr std::size_t kKinds = 3;
constexpr std::size_t kCellsPerCode = kKinds * std::size(kAllTimes);

void try_all(const std::vector<kafka::ErrorRow>& rows, Campaign& campaign) {
  std::vector<Course> courses;
  for (const Times times : kAllTimes) courses.push_back(topics_in_error(rows, times, campaign));
  for (const auto& row : rows) courses.push_back(answered_requests(row, campaign));
  run_side_by_side(std::move(courses), kPatience);
}

TEST_CASE("error matrix: every code, once, five times, until healed, wherever it comes from") {
  std::vector<kafka::ErrorRow> rows = broker_rows();
  REQUIRE(rows.size() > 80);
  Campaign campaign("error-matrix", rows.size() * kCellsPerCode);
  const std::size_t codes = (campaign.cycles() + kCellsPerCode - 1) / kCellsPerCode;
  rows.resize(std::min(rows.size(), codes));
  try_all(rows, campaign);
}

// For the mutants: in seconds.
TEST_CASE("the error matrix of one code of each action") {
  std::map<kafka::Action, kafka::ErrorRow> first;
  for (const kafka::ErrorRow& row : broker_rows()) {
    if (!kafka::repeated_inside(row.code)) first.emplace(row.action, row);
  }
  std::vector<kafka::ErrorRow> rows;
  for (const auto& [action, row] : first) rows.push_back(row);
  REQUIRE(rows.size() == 6);
  Campaign campaign("error-matrix-small", rows.size() * kCellsPerCode);
  try_all(rows, campaign);
}

}  // namespace
}  // namespace outbox::test
