#pragma once

#include <string>

#include "base/unique_fd.h"

namespace lx::idmap {

/// A user namespace with these maps (the text of /proc/<pid>/uid_map and gid_map), kept alive by the fd alone.
/// Safe in a process with threads: see userns.cc.
UniqueFd createUserNamespace(const std::string& uidMap, const std::string& gidMap);

}  // namespace lx::idmap
