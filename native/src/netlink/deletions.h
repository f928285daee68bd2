#pragma once

#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace lx::netlink {

/// A socket that hears of the links of its network namespace that are deleted, and of nothing else. Does not block.
UniqueFd watchDeletions();

struct Deletions {
  std::vector<std::string> names;
  /// There were more than the socket could hold (ENOBUFS): not all names are known.
  bool missed = false;
};

/// What there is to read.
Deletions readDeletions(int fd);

}  // namespace lx::netlink
