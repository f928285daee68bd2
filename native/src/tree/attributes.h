#pragma once

#include <sys/stat.h>

#include <map>
#include <string>

namespace lx::tree {

/// Which extended attributes: all, or those that are there for the guest and not for overlayfs.
enum class Kept { all, guests };

/// Gives `to` the owner, extended attributes, mode and times of `from`, whose stat is `info`: in this order, since a change of
/// the owner takes capabilities and setuid away. Both are open descriptors; O_PATH ones are for symlinks and special files.
void copyAttributes(int from, int to, const struct stat& info, Kept kept = Kept::all);

/// The extended attributes of a file or directory that are there for the guest.
std::map<std::string, std::string> attributesOf(int fd);

}  // namespace lx::tree
