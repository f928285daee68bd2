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

/// The extended attributes that are there for the guest; `fd` as for `copyAttributes`.
std::map<std::string, std::string> attributesOf(int fd, mode_t mode);

/// Whether two files of one kind have the same owner, mode, time of change of the content and attributes.
bool sameAttributes(int one, const struct stat& is, int other, const struct stat& was);

}  // namespace lx::tree
