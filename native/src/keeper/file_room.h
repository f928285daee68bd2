#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace lx::keeper {

/// The life of one room of files: the root of a container that does not run, mounted where nobody else sees it, and servers of its
/// files. From its ROOM message until `connection`, which brought it and asks for the servers, is gone or asks for the end. In a process
/// of its own, which it ends.
[[noreturn]] void runRoom(std::vector<std::byte> message, UniqueFd connection);

/// Waits until no room of `id` is left in the run directory, or none at all where `id` is empty, and says so. In a process of its own,
/// which it ends.
[[noreturn]] void confirmRoomEnd(const std::string& runDir, const std::string& id, UniqueFd connection, uint32_t seq);

}  // namespace lx::keeper
