#include "idmap/userns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "base/defer.h"
#include "base/read.h"
#include "base/syscalls.h"
#include "base/sys_error.h"

namespace lx::idmap {

namespace {

// INVARIANTS of the pausing child: it shares this process's memory (no copy of a big Node's page tables) and its table
// of fds, so it may call no function that touches either, not even errno, which it shares with the thread that made
// it. It makes two kinds of raw system calls on its own stack, with every signal blocked, and is killed.

constexpr size_t kStackSize = 16 * 1024;

long rawCall(long number, long first, long second) {
#if defined(__x86_64__)
  long result;
  asm volatile("syscall" : "=a"(result) : "a"(number), "D"(first), "S"(second), "d"(0L) : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = first;
  register long x1 asm("x1") = second;
  register long x2 asm("x2") = 0;
  asm volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#else
#error "no raw system call for this architecture"
#endif
}

int pauseForever(void*) {
  // Nobody would end it if this process died in between.
  rawCall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
  for (;;) rawCall(SYS_ppoll, 0, 0);
}

struct Pauser {
  pid_t pid;
  UniqueFd pidfd;
};

Pauser startPauser(char* stackTop) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  // The child inherits the mask: a handler of Node's run there would corrupt shared memory.
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  // No exit signal: Node must not see a SIGCHLD for a child it does not know.
  const int flags = CLONE_VM | CLONE_FILES | CLONE_NEWUSER | CLONE_PIDFD;
  const pid_t pid = ::clone(pauseForever, stackTop, flags, nullptr, &pidfd);
  const int problem = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) throw SysError("clone", problem, {}, "user namespace");
  return {pid, UniqueFd(pidfd)};
}

void end(const Pauser& pauser) {
  (void)::pidfd_send_signal(pauser.pidfd.get(), SIGKILL, nullptr, 0);
  siginfo_t info;
  // __WALL: a child without an exit signal is a "clone child" to wait(2).
  while (::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pauser.pidfd.get()), &info, WEXITED | __WALL) < 0 && errno == EINTR) {
  }
}

}  // namespace

UniqueFd createUserNamespace(const std::string& uidMap, const std::string& gidMap) {
  void* stack = ::mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) throw SysError("mmap", errno);
  const Defer unmap([&] { ::munmap(stack, kStackSize); });
  const Pauser pauser = startPauser(static_cast<char*>(stack) + kStackSize);
  const Defer reap([&] { end(pauser); });
  const std::string proc = "/proc/" + std::to_string(pauser.pid);
  writeFile(proc + "/uid_map", uidMap);
  writeFile(proc + "/gid_map", gidMap);
  const std::string ns = proc + "/ns/user";
  return LX_SYS_FD(::open(ns.c_str(), O_RDONLY | O_CLOEXEC), ns);
}

}  // namespace lx::idmap
