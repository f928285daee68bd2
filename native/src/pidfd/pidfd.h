#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"

namespace lx::pidfd {

/// pidfd_open(2); ESRCH when there is no such process.
UniqueFd open(pid_t pid);
void sendSignal(int pidfd, int signal);

}  // namespace lx::pidfd
