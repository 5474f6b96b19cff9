#include "service/reader_access.h"

#include "store/store.h"

namespace outbox::service {
namespace {

class ReaderAccess final : public Access {
 public:
  ReaderAccess(std::filesystem::path dir, std::unique_ptr<store::Reader> reader)
      : dir_(std::move(dir)), reader_(std::move(reader)) {}

  Result<std::vector<Appended>> append(std::span<const Message>) override { return held(); }
  Result<Stats> stats() override { return reader_->stats(); }
  Result<std::vector<StoredEntry>> peek(const std::string& topic, Seq from,
                                        std::size_t count) override {
    return reader_->peek(topic, from, count);
  }
  Result<std::vector<DeadLetter>> dead_letters(const std::string& topic, Seq from,
                                               std::size_t count) override {
    return reader_->dead_letters(topic, from, count);
  }
  Result<DeadLetter> dead_letter(const std::string& topic, Seq seq) override {
    return reader_->dead_letter(topic, seq);
  }
  Result<Appended> requeue(const std::string&, Seq) override { return held(); }
  Status drop_dead_letter(const std::string&, Seq, const std::string&) override { return held(); }
  Result<PurgeRecord> purge(const std::string&, Seq, const std::string&) override { return held(); }
  Result<std::vector<PurgeRecord>> purges() override { return reader_->purges(); }
  Status pause(const std::string&) override { return held(); }
  Status resume(const std::string&) override { return held(); }
  Status accept(const std::string&) override { return held(); }

 private:
  Status held() const {
    const std::string holder = store::holder(dir_);
    return {Code::kBusy, "the outbox in " + dir_.string() + " is held by " +
                             (holder.empty() ? "another process" : holder)};
  }

  const std::filesystem::path dir_;
  const std::unique_ptr<store::Reader> reader_;
};

}  // namespace

Result<std::unique_ptr<Access>> open_reader(const Config& config) {
  auto reader = store::Reader::open(config.dir, config.store);
  if (!reader.ok()) return reader.status();
  return std::unique_ptr<Access>(std::make_unique<ReaderAccess>(config.dir, std::move(*reader)));
}

}  // namespace outbox::service
