#pragma once

#include <filesystem>
#include <string>

#include "support/temp_dir.h"

namespace outbox::test {

/// A file system of the kernel's own in a file, mounted, whose power can be cut. Needs root and
/// loop devices. Mounts in the namespace of the caller: make that a private one first, so that
/// nothing stays mounted however the process ends. Calls that fail throw std::runtime_error.
class MountedImage {
 public:
  /// `kind`: "ext4" or "xfs".
  explicit MountedImage(std::string kind);
  ~MountedImage();
  MountedImage(const MountedImage&) = delete;
  MountedImage& operator=(const MountedImage&) = delete;

  const std::filesystem::path& root() const { return root_; }
  /// Whatever was not synced is gone, data and names; every call on it fails from now on.
  void cut_power();
  /// Mounts it anew, so the kernel replays its journal. All its files must be closed.
  void restore_power();

 private:
  void make();
  void mount();
  void unmount();

  const TempDir temp_;
  const std::string kind_;
  const std::filesystem::path image_;
  const std::filesystem::path root_;
  bool mounted_ = false;
};

/// Gives the process mounts of its own, gone with it; before its first other thread.
void make_mounts_private();

}  // namespace outbox::test
