#include "inbox/dead_letters.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "base/backoff.h"
#include "base/check.h"
#include "kafka/error_table.h"

namespace outbox::inbox {
namespace {

constexpr const char* kFromHeader = "outbox-dead-from";
constexpr const char* kReasonHeader = "outbox-dead-reason";
constexpr std::chrono::milliseconds kDestroyLimit_ms{5'000};
constexpr int kWait_ms = 100;
// Between two tries at most: each is a new producer and a line in the log.
constexpr std::int64_t kPauseMax_ms = 30'000;
constexpr std::size_t kEventsMax = 100;

std::string origin_of(const Received& received) {
  return received.message.topic + "/" + std::to_string(received.message.partition.value_or(-1)) +
         "/" + std::to_string(received.offset);
}

void wait_for_news(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  (void)::poll(&waiting, 1, kWait_ms);
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = ::read(fd, &count, sizeof count);
}

}  // namespace

DeadLetters::DeadLetters(std::string topic, std::unique_ptr<kafka::ProducerFactory> factory,
                         Log log)
    : topic_(std::move(topic)), factory_(std::move(factory)), log_(std::move(log)) {
  wake_fd_ = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  OUTBOX_CHECK(wake_fd_ >= 0);
}

DeadLetters::~DeadLetters() {
  abandon();
  if (!hung_) ::close(wake_fd_);
}

void DeadLetters::abandon() {
  if (!producer_ || factory_->unmake(std::move(producer_), kDestroyLimit_ms)) return;
  (void)value_.release();
  hung_ = true;
}

Status DeadLetters::ready() {
  if (producer_) return {};
  auto made = factory_->make({kafka::ProducerFactory::Kind::kProbe, 0, 0}, wake_fd_);
  if (!made.ok()) return made.status();
  producer_ = std::move(*made);
  return {};
}

Status DeadLetters::send(const Received& received, const std::string& reason,
                         const std::function<bool()>& go_on) {
  if (!enter(go_on)) return {Code::kClosed, "stopping"};
  const Status status = send_alone(received, reason, go_on);
  const std::lock_guard lock(mutex_);
  busy_ = false;
  free_.notify_one();
  return status;
}

/// One at a time; who ends meanwhile does not wait for those who do not.
bool DeadLetters::enter(const std::function<bool()>& go_on) {
  std::unique_lock lock(mutex_);
  while (busy_) {
    if (!go_on()) return false;
    free_.wait_for(lock, std::chrono::milliseconds(kWait_ms));
  }
  busy_ = true;
  return true;
}

Status DeadLetters::send_alone(const Received& received, const std::string& reason,
                               const std::function<bool()>& go_on) {
  const std::string origin = origin_of(received);
  std::vector<kafka::OutHeader> headers;
  headers.reserve(received.message.headers.size() + 2);
  for (const Header& header : received.message.headers) {
    headers.push_back({header.name.c_str(), header.value});
  }
  headers.push_back({kFromHeader, origin});
  headers.push_back({kReasonHeader, reason});
  kafka::OutMessage message;
  message.key = received.message.key;
  value_ = std::make_unique<std::string>(received.message.value.value_or(""));
  if (received.message.value) message.value = *value_;
  message.headers = headers;
  message.timestamp_ms = received.message.timestamp_ms.value_or(0);
  Random random(static_cast<std::uint64_t>(received.offset));
  Backoff backoff;
  while (true) {
    const Status status = try_once(message, go_on);
    if (status.ok()) return status;
    // Whatever became of it: a new producer has nothing in flight.
    abandon();
    if (status.code() == Code::kClosed) return status;
    log_->warn("dead letter {}: {}; trying again", origin, status.message());
    if (!value_ && received.message.value) {
      value_ = std::make_unique<std::string>(*received.message.value);
      message.value = *value_;
    }
    const auto again = std::chrono::steady_clock::now() +
                       std::chrono::milliseconds(backoff.next_ms(kWait_ms, kPauseMax_ms, random));
    do {
      wait_for_news(wake_fd_);
      if (!go_on()) return {Code::kClosed, "stopping"};
    } while (std::chrono::steady_clock::now() < again);
  }
}

Status DeadLetters::try_once(const kafka::OutMessage& given, const std::function<bool()>& go_on) {
  if (Status status = ready(); !status.ok()) return status;
  kafka::OutMessage message = given;
  std::int32_t error = 0;
  message.topic = producer_->topic(topic_, error);
  if (message.topic != nullptr) error = producer_->produce(message);
  if (error != 0) return {Code::kKafka, std::string(kafka::error_text(error))};
  while (true) {
    kafka::Polled polled;
    producer_->poll(polled, kEventsMax);
    for (const kafka::Report& report : polled.reports) {
      if (report.error == 0 && report.offset >= 0) return {};
      return {Code::kKafka, report.error == 0 ? "a report without an offset"
                                              : std::string(kafka::error_text(report.error))};
    }
    for (const kafka::Notice& notice : polled.notices) {
      if (notice.kind == kafka::Notice::Kind::kFatal) return {Code::kKafka, notice.text};
    }
    if (!go_on()) return {Code::kClosed, "stopping"};
    wait_for_news(wake_fd_);
  }
}

}  // namespace outbox::inbox
