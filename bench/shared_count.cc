#include "shared_count.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"
#include "service/fd.h"

namespace outbox::bench {

SharedCount::SharedCount(const std::filesystem::path& file) {
  static_assert(std::atomic<std::uint64_t>::is_always_lock_free);
  const service::Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  // Nothing but zeros is a count of 0.
  if (!fd || ::ftruncate(fd.get(), sizeof *count_) != 0) die("cannot make " + file.string());
  void* const at = ::mmap(nullptr, sizeof *count_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (at == MAP_FAILED) die("cannot map " + file.string());
  count_ = static_cast<std::atomic<std::uint64_t>*>(at);
}

SharedCount::~SharedCount() { ::munmap(count_, sizeof *count_); }

}  // namespace outbox::bench
