#include "keeper/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/sys_error.h"

namespace lx::keeper {

UniqueFd childSignals() {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &child, nullptr);
  return LX_SYS_FD(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
}

void drainSignals(int signals) {
  signalfd_siginfo info;
  while (::read(signals, &info, sizeof info) > 0) {
  }
}

}  // namespace lx::keeper
