#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

// Subvolumes of btrfs(5), by the ioctls of <linux/btrfs.h>. A guest may nest subvolumes of its own in a tree, as deep as it
// likes, and read-only ones among them; they are found by their numbers in the file system's tree of roots, never by a path.
namespace lx::btrfs {

/// Whether an open directory is the root of a subvolume; false on any other file system.
bool isSubvolume(int directory);

/// The number of the subvolume that an open file is in.
uint64_t subvolumeOf(int file);

/// A new, empty one, with the mode 0755. EEXIST where something is.
void create(const std::string& path);

/// Makes at `to`, on the same file system, a writable snapshot of the subvolume `from` with all that are nested in it. Each is
/// of one moment; all of them are only while nothing changes.
void snapshot(const std::string& from, const std::string& to);

/// Takes the subvolume away with all that are nested in it, however they are protected. The kernel gives back the room later.
void destroy(int subvolume);

}  // namespace lx::btrfs
