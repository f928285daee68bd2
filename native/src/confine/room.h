#pragma once

#include <string>

#include "base/unique_fd.h"

namespace lx::confine {

/// Where a program sees what it was given; empty: not given.
struct Given {
  std::string tree;
  std::string archive;
  /// The tree cannot be written to.
  bool readOnly = false;
  /// Of a walk: what overlayfs reads stays.
  bool keepMarks = false;
  /// Which ids of a user on the host's side of the room the tree shows as which owners (user_namespaces(7)); empty: as they are inside.
  std::string uidMap;
  std::string gidMap;
};

constexpr const char* kTree = "/tree";
constexpr const char* kArchive = "/archive";

/// A user namespace whose ids are those of nobody on the host, and show on disk as they are inside (idmapped mounts).
UniqueFd strangers();
/// Puts this process into namespaces and a root of its own: the programs of the host, read-only, and what was given.
void enterRoom(const Given& given, int userns);
/// Becomes root of `userns`, with the capabilities alone that it takes to write files of any owner.
void becomeStranger(int userns);

}  // namespace lx::confine
