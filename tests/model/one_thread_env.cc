#include "model/one_thread_env.h"

#include <algorithm>
#include <utility>

namespace outbox::model {

OneThreadEnv::OneThreadEnv(std::unique_ptr<rocksdb::Env> env) : EnvWrapper(std::move(env)) {
  file_system_ = target()->GetFileSystem();
  system_clock_ = target()->GetSystemClock();
}

void OneThreadEnv::run_jobs() {
  while (!jobs_.empty()) {
    const Job job = jobs_.front();
    jobs_.pop_front();
    job.work(job.arg);
  }
}

void OneThreadEnv::Schedule(void (*work)(void*), void* arg, Priority priority, void* tag,
                            void (*cancelled)(void*)) {
  jobs_.push_back({work, arg, priority, tag, cancelled});
}

int OneThreadEnv::UnSchedule(void* tag, Priority priority) {
  int count = 0;
  std::erase_if(jobs_, [&](const Job& job) {
    if (job.tag != tag || job.priority != priority) return false;
    if (job.cancelled != nullptr) job.cancelled(job.arg);
    ++count;
    return true;
  });
  return count;
}

unsigned int OneThreadEnv::GetThreadPoolQueueLen(Priority priority) const {
  return static_cast<unsigned int>(std::count_if(
      jobs_.begin(), jobs_.end(), [priority](const Job& job) { return job.priority == priority; }));
}

}  // namespace outbox::model
