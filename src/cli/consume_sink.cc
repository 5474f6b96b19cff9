#include "cli/consume_sink.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/output.h"
#include "service/message_json.h"

namespace outbox::cli {
namespace {

using std::chrono::milliseconds;

// How often a wait for an answer looks whether it shall hurry.
constexpr milliseconds kLook{200};
constexpr milliseconds kEndLimit{3'000};
// Of what a child says, in a log line or a dead letter's headers.
constexpr std::size_t kSaidBytesMax = 500;
constexpr std::string_view kOk = "ok";
constexpr std::string_view kFail = "fail";

Status failed(const std::string& why) { return {Code::kInvalidArgument, why}; }
Status stopping() { return {Code::kClosed, "stopping"}; }

}  // namespace

Status PrintSink::take(const Received& received) {
  const std::string line = service::to_json(received) + "\n";
  const std::lock_guard lock(mutex_);
  if (failure_.ok()) failure_ = print(line);
  return failure_.ok() ? Status() : Status(Code::kClosed, failure_.message());
}

Status PrintSink::health() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

ExecSink::~ExecSink() {
  const auto deadline = std::chrono::steady_clock::now() + kEndLimit;
  for (const Child& child : free_) child->end_input();
  for (const Child& child : free_) {
    // What it still says is read, so that it can end.
    while (!child->ended() && std::chrono::steady_clock::now() < deadline) {
      (void)child->read_line(kLook);
    }
  }
}

Status ExecSink::take(const Received& received) {
  const auto child = free_one();
  if (!child.ok()) return child.status();
  (*child)->write_line(service::to_json(received));
  bool sound = true;
  Status answer = answer_of(**child, sound);
  const std::lock_guard lock(mutex_);
  std::erase(busy_, *child);
  if (sound) free_.push_back(*child);
  return answer;
}

Result<ExecSink::Child> ExecSink::free_one() {
  const std::lock_guard lock(mutex_);
  if (hurry_) return stopping();
  // What was said beyond an answer would pass for the next message's.
  while (!free_.empty() && (free_.back()->read_line(milliseconds(0)) || free_.back()->ended())) {
    free_.pop_back();
  }
  if (free_.empty()) {
    auto started = ChildProcess::start_shell(command_);
    if (!started.ok()) return started.status();
    free_.emplace_back(std::move(*started));
  }
  Child child = std::move(free_.back());
  free_.pop_back();
  busy_.push_back(child);
  return child;
}

Status ExecSink::answer_of(ChildProcess& child, bool& sound) {
  while (true) {
    const auto line = child.read_line(kLook);
    if (line && *line == kOk) return {};
    if (line && line->starts_with(kFail)) {
      return failed(line->size() > kFail.size() ? line->substr(kFail.size() + 1, kSaidBytesMax)
                                                : "the child failed");
    }
    sound = false;
    if (line) {
      return failed("the child answered neither ok nor fail: " + line->substr(0, kSaidBytesMax));
    }
    if (child.ended()) return failed("the child ended without an answer");
    if (hurry_) return stopping();
    sound = true;
  }
}

void ExecSink::hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  for (const Child& child : busy_) child->kill_hard();
}

}  // namespace outbox::cli
