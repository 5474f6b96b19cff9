#include "victim.h"

#include <cstdlib>
#include <thread>

#include "child.h"
#include "measure.h"
#include "rsyslog.h"
#include "shared_count.h"

namespace outbox::bench {
namespace {

std::filesystem::path count_file(const Site& site) { return site.dir / "accepted"; }
Site store_of(Site site) {
  site.dir /= "store";
  return site;
}

/// So many a second, for ever; `given` says how many went out.
class Steadily {
 public:
  explicit Steadily(double per_second) : per_second_(per_second) {}
  bool more(std::uint64_t given) const {
    while (static_cast<double>(given) > watch_.seconds() * per_second_) {
      std::this_thread::sleep_for(kIdle);
    }
    return true;
  }

 private:
  const double per_second_;
  const StopWatch watch_;
};

class Hosted : public Victim {
 public:
  Hosted(const std::string& rival, const Site& site, const Offer& offer)
      : command_{"/proc/self/exe",
                 kHostCommand,
                 rival,
                 site.dir.string(),
                 site.topic,
                 std::to_string(site.partitions),
                 site.options.bootstrap_servers,
                 std::to_string(offer.value_bytes)},
        log_(site.dir / "log"),
        accepted_(count_file(site)) {
    start(offer.per_second);
  }
  std::uint64_t accepted() const override { return *accepted_; }
  std::uint64_t kill() override {
    if (!process_->running()) die("the victim ended by itself; see " + log_.string());
    process_->kill();
    return *accepted_;
  }
  void restart() override { start(0); }

 private:
  void start(double per_second) {
    std::vector<std::string> command = command_;
    command.push_back(std::to_string(per_second));
    process_ = std::make_unique<Child>(command, log_);
  }

  const std::vector<std::string> command_;
  const std::filesystem::path log_;
  const SharedCount accepted_;
  std::unique_ptr<Child> process_;
};

class RsyslogVictim : public Victim {
 public:
  RsyslogVictim(const Site& site, const Offer& offer, Rsyslog::Queue queue)
      : rsyslog_(site, queue), feeder_([this, offer] {
          const Steadily steadily(offer.per_second);
          Feed feed(offer.value_bytes, [&] { return steadily.more(feed.given()); });
          rsyslog_.accept(feed, accepted_);
        }) {}
  ~RsyslogVictim() override {
    rsyslog_.kill();
    if (feeder_.joinable()) feeder_.join();
  }
  std::uint64_t accepted() const override { return accepted_; }
  std::uint64_t kill() override {
    // What it reads between the last look and its end must not count.
    rsyslog_.freeze();
    const std::uint64_t accepted = accepted_;
    rsyslog_.kill();
    feeder_.join();
    return accepted;
  }
  void restart() override { rsyslog_.start(); }

 private:
  Rsyslog rsyslog_;
  std::atomic<std::uint64_t> accepted_{0};
  std::thread feeder_;
};

}  // namespace

std::unique_ptr<Victim> hosted_victim(const std::string& rival, const Site& site,
                                      const Offer& offer) {
  return std::make_unique<Hosted>(rival, site, offer);
}

std::unique_ptr<Victim> rsyslog_victim(const Site& site, const Offer& offer, bool synced) {
  return std::make_unique<RsyslogVictim>(
      site, offer, synced ? Rsyslog::Queue::kSynced : Rsyslog::Queue::kAsShipped);
}

void host(int argc, char** argv) {
  if (argc != 9) die("host: for bench_outage itself");
  Site site;
  site.dir = argv[3];
  site.topic = argv[4];
  site.partitions = std::atoi(argv[5]);
  site.options.bootstrap_servers = argv[6];
  const auto value_bytes = static_cast<std::size_t>(std::atoll(argv[7]));
  const double per_second = std::atof(argv[8]);
  const SharedCount accepted(count_file(site));
  const auto rival = make_rival(argv[2], store_of(site));
  if (per_second > 0) {
    const Steadily steadily(per_second);
    Feed feed(value_bytes, [&] { return steadily.more(feed.given()); });
    rival->accept(feed, *accepted);
  }
  rival->drain();
  std::exit(0);
}

}  // namespace outbox::bench
