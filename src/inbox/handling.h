#pragma once

#include <functional>
#include <memory>
#include <string>

#include "inbox/dead_letters.h"
#include "inbox/tally.h"
#include "inbox/workers.h"
#include "outbox/inbox.h"

namespace outbox::inbox {

/// What a worker does with one message: the handler, again after a pause while it fails, and then
/// what the options say. Any number of threads.
class Handling {
 public:
  struct Hooks {
    /// The partition was closed; its owner lets it rest.
    std::function<void(const Job& job, const std::string& reason)> halted;
    /// Nothing can be written any more.
    std::function<void(const Status& status)> failed;
    std::function<void(const InboxEvent& event)> tell;
  };

  Handling(const InboxOptions& options, InboxHandler handler, const InboxState& state,
           DeadLetters& dead_letters, Tally& tally, Hooks hooks)
      : options_(options),
        handler_(std::move(handler)),
        state_(state),
        dead_letters_(dead_letters),
        tally_(tally),
        hooks_(std::move(hooks)) {}

  void run(const Job& job);

 private:
  Status call(const Received& received, rocksdb::WriteBatch& batch);
  /// True: written.
  bool finish(const Job& job, rocksdb::WriteBatch& batch);
  void give_up(const Job& job, const std::string& reason);

  const InboxOptions& options_;
  const InboxHandler handler_;
  const InboxState& state_;
  DeadLetters& dead_letters_;
  Tally& tally_;
  const Hooks hooks_;
};

}  // namespace outbox::inbox
