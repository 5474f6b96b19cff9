#include "kafka/producer_factory.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "kafka/producer.h"
#include "kafka/properties.h"

namespace outbox::kafka {
namespace {

// librdkafka's own lower bound for batch.size is 1; below this a request is mostly frame.
constexpr std::int64_t kBatchBytesMin = 1'024;

std::string* find(Properties& properties, std::string_view name) {
  for (auto& [key, text] : properties) {
    if (key == name) return &text;
  }
  return nullptr;
}

class Factory final : public ProducerFactory {
 public:
  Factory(Properties main, Properties probe) : main_(std::move(main)), probe_(std::move(probe)) {}

  Result<std::unique_ptr<ProducerApi>> make(const Request& request, int wake_fd) override {
    Properties properties = request.kind == Kind::kMain ? main_ : probe_;
    if (request.max_in_flight > 0) {
      if (auto* text = find(properties, "max.in.flight.requests.per.connection")) {
        *text = std::to_string(request.max_in_flight);
      }
    }
    if (request.batch_bytes_max > 0) {
      if (auto* text = find(properties, "batch.size")) {
        const std::int64_t bytes = std::max(request.batch_bytes_max, kBatchBytesMin);
        *text = std::to_string(std::min<std::int64_t>(std::stoll(*text), bytes));
      }
    }
    return make_producer(properties, wake_fd);
  }

  bool unmake(std::unique_ptr<ProducerApi> producer, std::chrono::milliseconds limit) override {
    return finishes_within([raw = producer.release()] { delete raw; }, limit);
  }

 private:
  const Properties main_;
  const Properties probe_;
};

struct Finished {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

}  // namespace

bool finishes_within(std::function<void()> destroy, std::chrono::milliseconds limit) {
  const auto finished = std::make_shared<Finished>();
  std::thread helper([finished, destroy = std::move(destroy)] {
    destroy();
    const std::lock_guard lock(finished->mutex);
    finished->done = true;
    finished->changed.notify_one();
  });
  std::unique_lock lock(finished->mutex);
  const bool done = finished->changed.wait_for(lock, limit, [&] { return finished->done; });
  lock.unlock();
  if (done) {
    helper.join();
  } else {
    helper.detach();
  }
  return done;
}

Result<std::unique_ptr<ProducerFactory>> make_producer_factory(const RelayOptions& options) {
  auto main = producer_properties(options, Role::kMain);
  if (!main.ok()) return main.status();
  auto probe = producer_properties(options, Role::kProbe);
  if (!probe.ok()) return probe.status();
  return std::unique_ptr<ProducerFactory>(
      std::make_unique<Factory>(std::move(main).value(), std::move(probe).value()));
}

}  // namespace outbox::kafka
