#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

// The mount API on file descriptors: open_tree(2), mount_setattr(2), move_mount(2), fsopen(2).
namespace lx::mount {

struct Attributes {
  /// Unset ones stay as they are.
  std::optional<bool> readonly;
  std::optional<bool> nosuid;
  std::optional<bool> nodev;
  std::optional<bool> noexec;
  std::optional<bool> noatime;
  std::optional<bool> nodiratime;
  /// A user namespace: the mount shows ids through its map. A mount can be given one only while detached, and once.
  std::optional<int> idmapUserns;
};

/// A detached copy of the tree at `path`.
UniqueFd openTree(const std::string& path, bool recursive);
void setAttributes(int mount, const Attributes& attributes, bool recursive);
void moveMount(int mount, const std::string& target);

/// A key, and its value (none: a flag).
using Option = std::pair<std::string, std::optional<std::string>>;
/// A new, detached file system. The kernel's log of a refusal is the error's detail.
UniqueFd create(const std::string& fstype, const std::vector<Option>& options, const Attributes& attributes);


/// What an overlay of these directories shows, the uppermost first, to be read only: a detached mount, so that it is gone with
/// the last descriptor of it, however its holder ends. One directory alone is shown as it is.
UniqueFd merged(const std::vector<std::string>& layers);

}  // namespace lx::mount
