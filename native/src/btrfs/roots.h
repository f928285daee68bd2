#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"

// The tree of roots of a btrfs file system: which subvolumes there are, and inodes by their numbers. For root of the host alone.
namespace lx::btrfs {

/// The inode of a subvolume's own root.
constexpr uint64_t kRootInode = 256;

/// A subvolume that is nested in another one.
struct Child {
  uint64_t id;
  /// Inode of the directory, in the subvolume above, that has it as `name`.
  uint64_t directory;
  std::string name;
};

std::vector<Child> childrenOf(int filesystem, uint64_t subvolume);

/// A directory by its number, whatever path leads to it. ESTALE when there is none.
UniqueFd openInode(int filesystem, uint64_t subvolume, uint64_t inode);

}  // namespace lx::btrfs
