#pragma once

#include <string>

namespace lx::tree {

/// Removes the tree, a symlink as itself; what is not there is removed. false when more is left than one trip to the
/// thread pool should take: call again. SysError ENAMETOOLONG for a tree that is nested too deep for this, EXDEV where
/// something is mounted.
bool remove(const std::string& path);

}  // namespace lx::tree
