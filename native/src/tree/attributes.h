#pragma once

#include <sys/stat.h>

namespace lx::tree {

/// Gives `to` the owner, extended attributes, mode and times of `from`, whose stat is `info`: in this order, since a change of
/// the owner takes capabilities and setuid away. Both are open descriptors; O_PATH ones are for symlinks and special files.
void copyAttributes(int from, int to, const struct stat& info);

}  // namespace lx::tree
