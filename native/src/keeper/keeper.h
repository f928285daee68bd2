#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace lx::keeper {

/// The life of one container, from its LAUNCH message to its end; `connection` is the one that brought it. In a process of
/// its own, which it ends.
[[noreturn]] void runKeeper(std::vector<std::byte> message, UniqueFd connection);

/// Takes away what a killed keeper left of the container whose plan lies at `planPath`, and records its end.
void sweepDead(const std::string& planPath);

}  // namespace lx::keeper
