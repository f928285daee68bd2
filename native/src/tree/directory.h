#pragma once

#include <string>

namespace lx::tree {

/// Makes the empty directory `to` with owner, mode, times and attributes of the directory `like`, but for what overlayfs noted of
/// that one: at once or not at all. Does nothing where `to` is.
void makeLike(const std::string& like, const std::string& to);

/// Whether the directory is as `makeLike` made it: empty, and in nothing different from the other one.
bool isLike(const std::string& directory, const std::string& like);

/// Whether an open directory, read from where it is, has no entries; `path` names it in errors.
bool isEmpty(int directory, const std::string& path);

}  // namespace lx::tree
