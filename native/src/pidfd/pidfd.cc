#include "pidfd/pidfd.h"

#include <string>

#include "base/sys_error.h"
#include "base/syscalls.h"

namespace lx::pidfd {

UniqueFd open(pid_t pid) { return LX_SYS_FD(::pidfd_open(pid, 0), std::to_string(pid)); }

void sendSignal(int pidfd, int signal) { LX_SYS(::pidfd_send_signal(pidfd, signal, nullptr, 0)); }

}  // namespace lx::pidfd
