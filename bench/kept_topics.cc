#include "kept_topics.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <sstream>

#include "bench_topics.h"
#include "measure.h"
#include "own_process.h"

namespace outbox::bench {
namespace {

/// What comes through a pipe until its other end is closed.
std::string read_all(int fd) {
  std::string all;
  char part[256];
  for (ssize_t count = 0; (count = read(fd, part, sizeof part)) > 0;) {
    all.append(part, static_cast<std::size_t>(count));
  }
  return all;
}

}  // namespace

KeptTopics::KeptTopics(const RelayOptions& options, const std::string& prefix, int count,
                       std::int32_t partitions) {
  int made[2] = {};
  int unwanted[2] = {};
  if (pipe(made) != 0 || pipe(unwanted) != 0) std::abort();
  std::fflush(stdout);
  keeper_ = fork();
  if (keeper_ < 0) std::abort();
  if (keeper_ == 0) {
    close(made[0]);
    close(unwanted[1]);
    {
      const BenchTopics topics(options, prefix, count, partitions);
      std::string lines;
      for (const std::string& name : topics.names()) lines += name + '\n';
      if (write(made[1], lines.data(), lines.size()) != std::ssize(lines)) _exit(1);
      close(made[1]);
      read_all(unwanted[0]);
    }
    _exit(0);
  }
  close(made[1]);
  close(unwanted[0]);
  until_closed_ = unwanted[1];
  std::istringstream lines(read_all(made[0]));
  close(made[0]);
  for (std::string name; std::getline(lines, name);) names_.push_back(name);
  if (names_.size() != static_cast<std::size_t>(count)) die("the topics could not be made");
}

KeptTopics::~KeptTopics() {
  close(until_closed_);
  must_end(keeper_, false);
}

}  // namespace outbox::bench
