#include "kafka/error_table.h"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "base/mutant.h"

namespace outbox::kafka {
namespace {

constexpr auto kRows = std::to_array<ErrorRow>({
#define OUTBOX_KAFKA_ERROR(name, action, advice) \
  {RD_KAFKA_RESP_ERR_##name, #name, Action::action, advice},
#include "kafka/error_rows.inc"
#undef OUTBOX_KAFKA_ERROR
});

static_assert(std::is_sorted(kRows.begin(), kRows.end(),
                             [](const auto& a, const auto& b) { return a.code < b.code; }));

constexpr auto kInside = std::to_array<std::int32_t>({
#define OUTBOX_KAFKA_INSIDE(name) RD_KAFKA_RESP_ERR_##name,
#define OUTBOX_KAFKA_NO_ID(name, told_as)
#include "kafka/inside_rows.inc"
#undef OUTBOX_KAFKA_INSIDE
#undef OUTBOX_KAFKA_NO_ID
});

std::map<std::int32_t, std::string> all_texts() {
  std::map<std::int32_t, std::string> out;
  for (const ErrorRow& row : kRows) {
    const char* text = rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(row.code));
    out.emplace(row.code, std::string(row.name) + " (" + text + ")");
  }
  return out;
}

}  // namespace

std::span<const ErrorRow> error_rows() { return kRows; }

Action action_for(std::int32_t code) {
  const auto found =
      std::lower_bound(kRows.begin(), kRows.end(), code,
                       [](const ErrorRow& row, std::int32_t wanted) { return row.code < wanted; });
  if (found == kRows.end() || found->code != code) return Action::kRebuild;
  const Action action = found->action;
  if (action == Action::kRetry && mutant(Mutant::kRetryIsVerdict)) return Action::kVerdict;
  if (action == Action::kStall && mutant(Mutant::kStallIsRetry)) return Action::kRetry;
  return action;
}

bool repeated_inside(std::int32_t code) {
  return std::find(kInside.begin(), kInside.end(), code) != kInside.end();
}

std::int32_t fatal_without_id(std::int32_t code) {
  switch (code) {
#define OUTBOX_KAFKA_INSIDE(name)
#define OUTBOX_KAFKA_NO_ID(name, told_as) \
  case RD_KAFKA_RESP_ERR_##name:          \
    return RD_KAFKA_RESP_ERR_##told_as;
#include "kafka/inside_rows.inc"
#undef OUTBOX_KAFKA_INSIDE
#undef OUTBOX_KAFKA_NO_ID
    default:
      return 0;
  }
}

std::string_view error_text(std::int32_t code) {
  static const auto* const texts = new std::map<std::int32_t, std::string>(all_texts());
  const auto found = texts->find(code);
  if (found == texts->end()) return "an error code that this version does not know";
  return found->second;
}

Status failed(std::string_view what, std::int32_t code) {
  if (code == 0) return {};
  return {Code::kKafka, std::string(what) + ": " + std::string(error_text(code))};
}

}  // namespace outbox::kafka
