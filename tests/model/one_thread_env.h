#pragma once

#include <rocksdb/env.h>

#include <deque>
#include <memory>

namespace outbox::model {

/// RocksDB's flushes and compactions wait here until they are called for, on the caller's
/// thread: so the nth operation of the disk is the same one in every run of a seed.
class OneThreadEnv : public rocksdb::EnvWrapper {
 public:
  explicit OneThreadEnv(std::unique_ptr<rocksdb::Env> env);
  const char* Name() const override { return "OneThreadEnv"; }

  /// Does what is waiting, and what comes of it. Not from within RocksDB.
  void run_jobs();

  void Schedule(void (*work)(void*), void* arg, Priority priority, void* tag,
                void (*cancelled)(void*)) override;
  int UnSchedule(void* tag, Priority priority) override;
  unsigned int GetThreadPoolQueueLen(Priority priority) const override;

 private:
  struct Job {
    void (*work)(void*);
    void* arg;
    Priority priority;
    void* tag;
    void (*cancelled)(void*);
  };
  std::deque<Job> jobs_;
};

}  // namespace outbox::model
