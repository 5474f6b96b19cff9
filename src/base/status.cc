#include "outbox/status.h"

#include <array>

namespace outbox {
namespace {

struct Row {
  std::string_view name;
  std::string_view text;
  std::string_view action;
};

constexpr auto kRows = std::to_array<Row>({
#define OUTBOX_STATUS_CODE(name, text, action) Row{#name, text, action},
#include "outbox/status_codes.inc"
#undef OUTBOX_STATUS_CODE
});

const Row& row(Code code) { return kRows.at(static_cast<std::size_t>(code)); }

}  // namespace

std::string_view code_name(Code code) { return row(code).name; }
std::string_view code_text(Code code) { return row(code).text; }
std::string_view code_action(Code code) { return row(code).action; }

std::string Status::to_string() const {
  std::string out(code_name(code_));
  if (!message_.empty()) out.append(": ").append(message_);
  return out;
}

}  // namespace outbox
