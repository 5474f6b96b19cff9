#include <thread>

#include "fresh_outbox.h"
#include "measure.h"
#include "rival.h"

namespace outbox::bench {
namespace {

constexpr std::size_t kAskEvery = 1'000;

class OutboxRival : public Rival {
 public:
  explicit OutboxRival(const Site& site)
      : topic_(site.topic),
        outbox_(value_of(Outbox::open(site.dir, Options{}))),
        relay_(value_of(Relay::start(*outbox_, site.options))) {}

  void accept(Feed& feed, std::atomic<std::uint64_t>& accepted) override {
    const AppendCallback done = [&accepted](const Result<Appended>& appended) {
      must(appended);
      accepted.fetch_add(1, std::memory_order_relaxed);
    };
    Message message;
    message.topic = topic_;
    const std::uint64_t before = accepted;
    std::uint64_t asked = 0;
    while (feed.more()) {
      for (std::size_t i = 0; i < kAskEvery; ++i) {
        message.value = feed.next();
        outbox_->append_async(message, done);
      }
      asked += kAskEvery;
    }
    while (accepted < before + asked) std::this_thread::sleep_for(kIdle);
  }

  void drain() override { must(relay_->drain(kDrainMax)); }

 private:
  const std::string topic_;
  const std::unique_ptr<Outbox> outbox_;
  const std::unique_ptr<Relay> relay_;  ///< declared after the outbox: must go first
};

}  // namespace

std::unique_ptr<Rival> rival_outbox(const Site& site) {
  return std::make_unique<OutboxRival>(site);
}

}  // namespace outbox::bench
