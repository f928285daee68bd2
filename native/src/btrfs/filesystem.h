#pragma once

#include <string>

// A btrfs file system as a whole.
namespace lx::btrfs {

/// Its UUID, as it is written; empty when what is at the path is on no btrfs.
std::string uuidAt(const std::string& path);

/// Lets the file system use all of its device, which has grown; of several devices, all of the first one. A loop device is told
/// first that its file has.
void grow(const std::string& path);

}  // namespace lx::btrfs
