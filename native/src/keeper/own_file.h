#pragma once

#include <sys/types.h>

#include <string>

#include "base/unique_fd.h"

namespace lx::keeper {

/// A file that says by its presence that its maker is wanted, watched for its removal: also with its directory.
class OwnFile {
 public:
  /// Of a file that is there. Where the host has no inotify instance left, nothing is watched.
  explicit OwnFile(std::string path);

  /// To poll for reading; -1 when nothing is watched.
  [[nodiscard]] int watch() const { return events_.valid() ? events_.get() : -1; }
  /// Takes the events that wait. Whether another file, or none, is there now.
  bool isGone();

 private:
  [[nodiscard]] bool isThere() const;

  std::string path_;
  UniqueFd events_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace lx::keeper
