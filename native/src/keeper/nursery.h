#pragma once

#include <string>

namespace lx::keeper {

/// Becomes the nursery of `runDir` in a process of its own, detached from the caller's session, terminal and fds. Gives the
/// caller's exit status: 0 once a nursery listens at <runDir>/nursery.sock, this one or one that was there before.
int startNursery(const std::string& runDir);

}  // namespace lx::keeper
