#pragma once

#include <string>

#include "base/unique_fd.h"

// Files as block devices: loop(4).
namespace lx::mount {

/// A loop device and the descriptor that keeps it: with the last use of it, an open one or a mount, the device is free again.
struct Loop {
  UniqueFd fd;
  std::string path;
};

/// One for a regular file, which is opened without following a symlink.
Loop attachLoop(const std::string& file);

/// Tells the loop device `path` that its file has grown.
void growLoop(const std::string& path);

}  // namespace lx::mount
