#include "keeper/child.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/syscalls.h"
#include "keeper/report.h"
#include "netlink/socket.h"

namespace lx::keeper {

namespace {

void closeOthers(int status, std::span<const int> keep) {
  unsigned next = 0;
  for (const int fd : keep) {
    if (static_cast<unsigned>(fd) > next) LX_MUST(status, "clone", ::syscall(SYS_close_range, next, static_cast<unsigned>(fd) - 1, 0U));
    next = static_cast<unsigned>(fd) + 1;
  }
  LX_MUST(status, "clone", ::syscall(SYS_close_range, next, ~0U, 0U));
}

/// Without the keeper there is nobody to run for: the end of its socket ends the child.
void await(int status, Go word) {
  char heard = 0;
  ssize_t size = 0;
  do size = ::recv(status, &heard, 1, 0);
  while (size < 0 && errno == EINTR);
  if (size != 1 || heard != static_cast<char>(word)) ::_exit(1);
}

void setLinkUp(int status, const char* stage, int socket, const char* name) {
  ifreq link{};
  std::strncpy(link.ifr_name, name, sizeof link.ifr_name - 1);
  link.ifr_flags = IFF_UP | IFF_RUNNING;
  LX_MUST(status, stage, ::ioctl(socket, SIOCSIFFLAGS, &link), name);
}

/// Loopback up; the socket speaks for this network namespace for ever and goes to the keeper.
int openNetwork(int status) {
  const int routes = LX_MUST(status, "network", ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "lo");
  LX_MUST(status, "network", netlink::hearKernelOnly(routes), "lo");
  setLinkUp(status, "network", routes, "lo");
  return routes;
}

/// sysctl(8) names: dots divide, and a slash stands for a dot within a name.
void writeSysctl(int status, int proc, const Sysctl& sysctl) {
  char path[256] = "sys/";
  const size_t size = std::strlen(sysctl.key);
  if (size + 5 > sizeof path) {
    errno = ENAMETOOLONG;
    fail(status, "sysctl", "openat(", sysctl.key);
  }
  for (size_t i = 0; i <= size; ++i) path[4 + i] = sysctl.key[i] == '.' ? '/' : sysctl.key[i] == '/' ? '.' : sysctl.key[i];
  open_how how{};
  how.flags = O_WRONLY | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const int file = LX_MUST(status, "sysctl", openat2(proc, path, how), sysctl.key);
  LX_MUST(status, "sysctl", ::write(file, sysctl.value, std::strlen(sysctl.value)), sysctl.key);
  ::close(file);
}

void setUp(int status, const Plan& plan, int proc) {
  if ((plan.namespaces & CLONE_NEWUTS) != 0) LX_MUST(status, "hostname", ::sethostname(plan.hostname, std::strlen(plan.hostname)), plan.hostname);
  if (!plan.sysctls.empty() && proc < 0) {
    errno = ENOENT;
    fail(status, "sysctl", "openat(", "/proc");
  }
  for (const auto& sysctl : plan.sysctls) writeSysctl(status, proc, sysctl);
}

/// Dies with the keeper. Set last, for a change of ids clears it (prctl(2)); a keeper that died before shows by its socket.
void bindToKeeper(int status) {
  LX_MUST(status, "exec", ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  pollfd watch{status, POLLIN, 0};
  if (::poll(&watch, 1, 0) != 0) ::_exit(1);
}

/// The second half of entering the root: what waited for the id maps.
void takeRoot(const ChildInput& input) {
  await(input.status, Go::maps);
  if (input.root.locks) {
    takeLockedLayers(input.status, input.root);
    enterStage(input.status, input.root);
  }
  becomeRoot(input.status);
}

}  // namespace

void runChild(const ChildInput& input) {
  const Plan& plan = input.plan;
  closeOthers(input.status, input.keep);
  ::umask(0);
  joinTasks(input.status, input.tasks.data(), input.tasks.size());
  // Only now, so that the namespace's root is the container's own group.
  if ((plan.namespaces & CLONE_NEWCGROUP) != 0) LX_MUST(input.status, "namespaces", ::unshare(CLONE_NEWCGROUP), "cgroup");
  if (!input.root.locks) enterStage(input.status, input.root);
  const int routes = (plan.namespaces & CLONE_NEWNET) != 0 ? openNetwork(input.status) : -1;

  takeRoot(input);
  joinKeyring(input.status);
  makeEarlyMounts(input.status, input.root);
  enterRoot(input.status, input.root);
  const RootResult made = runMountSteps(input.status, input.root);
  shareMounts(input.status);

  await(input.status, Go::exec);
  // As LXD does it: a guest that configures none has links that work. Not when they are made: a cable has no other end yet.
  for (const auto& link : plan.links) setLinkUp(input.status, "links", routes, link.inside.name);
  setUp(input.status, plan, made.proc);
  const winsize size{plan.console.rows, plan.console.columns, 0, 0};
  LX_MUST(input.status, "console", ::ioctl(made.console, TIOCSWINSZ, &size));
  const Report ready{Report::Kind::ready, 0, {}, {}, {}};
  const int fds[4] = {made.console, made.consoleSlave, made.devpts, routes};
  if (!sendReport(input.status, ready, fds, routes < 0 ? 3 : 4)) ::_exit(1);

  ::setsid();
  const int status = keepOnly(input.status, made.stdio, made.stdio, made.stdio);
  // The console becomes no controlling terminal of init: a shell or getty that init runs on it takes it for its own session.
  LX_MUST(status, "exec", ::chdir(plan.init.cwd), plan.init.cwd);
  resetProcess();
  confine(status, plan);
  becomeUser(status, input.program.uid, input.program.gid);
  bindToKeeper(status);
  errno = execute(input.program);
  fail(status, "exec", "execve(", input.program.argv[0]);
}

void holdRoom(const ChildInput& input) {
  closeOthers(input.status, input.keep);
  if (!input.root.locks) enterStage(input.status, input.root);
  takeRoot(input);
  enterRoot(input.status, input.root);
  await(input.status, Go::exec);
  ::setsid();
  resetProcess();
  dropBounds(input.status, 0);
  keepCapabilities(input.status, input.plan, 0);
  bindToKeeper(input.status);
  const Report ready{Report::Kind::ready, 0, {}, {}, {}};
  if (!sendReport(input.status, ready)) ::_exit(1);
  // The end of the status says that all is done: not even a layer is held any more.
  closeOthers(input.status, {&input.lock, 1});
  for (;;) ::pause();
}

}  // namespace lx::keeper
