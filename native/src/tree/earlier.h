#pragma once

#include <sys/stat.h>

#include <string>
#include <unordered_map>

#include "base/unique_fd.h"

namespace lx::tree {

/**
 * A copy of a tree that was made while somebody may have changed it, and what of it holds for the tree as it is later. That is told by
 * the time of a file's last change (ctime), which nobody can set: it is older than the copy's begin, and what it was then.
 */
class Earlier {
 public:
  /**
   * Before anything is copied of what is behind `source`. All its file system writes back what is dirty: from here on also a write
   * through a mapping, which is no call that the kernel sees, faults once and so sets the file's time.
   * SysError EOPNOTSUPP where the kind of file system is not known to do so.
   */
  void begin(int source);
  /// A file, as it was before its content was read, and its copy.
  void note(const struct stat& info, int copy);
  /// The root of the copy, when all of it is there.
  void end(UniqueFd root) { root_ = std::move(root); }

  [[nodiscard]] int root() const { return root_.get(); }
  /// Whether `name` in a directory of the copy is what the file behind `info` still is.
  [[nodiscard]] bool holds(const struct stat& info, int directory, const std::string& name) const;

 private:
  struct Noted {
    ino_t copy;
    timespec changed;
  };

  timespec begin_{};
  UniqueFd root_;
  /// By the number of the file that was copied; all are of one file system.
  std::unordered_map<ino_t, Noted> files_;
};

/// Whether copying what is behind `path` is no matter of some milliseconds. It is looked at for no longer than that.
bool isLarge(const std::string& path);

}  // namespace lx::tree
