#include "crash/mounted_image.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

#include "support/wait.h"

extern char** environ;

namespace outbox::test {
namespace {

/// Sparse. XFS wants 300 MiB at least.
constexpr std::uintmax_t kImageBytes = std::uintmax_t{512} << 20;
constexpr int kLoopTriesMax = 20;
constexpr std::chrono::milliseconds kUnmount_ms{5'000};
/// Both file systems know these numbers; neither has a public header for them.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kWithoutFlushingTheLog = 2;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

struct Fd {
  explicit Fd(const std::string& path, int flags)
      : number(::open(path.c_str(), flags | O_CLOEXEC)) {
    if (number < 0) fail("open " + path);
  }
  ~Fd() { ::close(number); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  const int number;
};

std::string free_loop_device() {
  const Fd control("/dev/loop-control", O_RDWR);
  const int number = ::ioctl(control.number, LOOP_CTL_GET_FREE);
  if (number < 0) fail("LOOP_CTL_GET_FREE");
  return "/dev/loop" + std::to_string(number);
}

/// False: somebody else was faster.
bool attach(const Fd& device, const Fd& image) {
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(image.number);
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
  if (::ioctl(device.number, LOOP_CONFIGURE, &config) == 0) return true;
  if (errno != EBUSY) fail("LOOP_CONFIGURE");
  return false;
}

}  // namespace

void make_mounts_private() {
  if (::unshare(CLONE_NEWNS) != 0) fail("unshare");
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    fail("mount --make-private");
}

MountedImage::MountedImage(std::string kind)
    : kind_(std::move(kind)), image_(temp_.path() / "image"), root_(temp_.path() / "root") {
  std::filesystem::create_directory(root_);
  make();
  mount();
}

MountedImage::~MountedImage() {
  if (mounted_) ::umount2(root_.c_str(), MNT_DETACH);
}

void MountedImage::make() {
  ::close(::creat(image_.c_str(), 0600));
  std::filesystem::resize_file(image_, kImageBytes);
  std::vector<std::string> words = {"/sbin/mkfs." + kind_, "-q", image_.string()};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  errno = ::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ);
  if (errno != 0) fail(words[0]);
  int state = 0;
  if (::waitpid(pid, &state, 0) != pid || state != 0) fail(words[0] + " failed");
}

/// A loop device of its own each time: nothing is left of what the last one had cached.
void MountedImage::mount() {
  const Fd image(image_, O_RDWR);
  for (int i = 0; i < kLoopTriesMax; ++i) {
    const std::string device = free_loop_device();
    const Fd loop(device, O_RDWR);
    if (!attach(loop, image)) continue;
    if (::mount(device.c_str(), root_.c_str(), kind_.c_str(), 0, nullptr) != 0) {
      fail("mount " + kind_);
    }
    mounted_ = true;
    return;
  }
  throw std::runtime_error("no free loop device");
}

void MountedImage::unmount() {
  int error = 0;
  (void)wait_until(
      [&] {
        error = ::umount2(root_.c_str(), 0) == 0 ? 0 : errno;
        return error != EBUSY;
      },
      kUnmount_ms);
  errno = error;
  if (error != 0) fail("umount " + kind_);
  mounted_ = false;
}

void MountedImage::cut_power() {
  const Fd root(root_, O_RDONLY | O_DIRECTORY);
  if (::ioctl(root.number, kShutdown, &kWithoutFlushingTheLog) != 0) fail("shutdown " + kind_);
}

void MountedImage::restore_power() {
  unmount();
  mount();
}

}  // namespace outbox::test
