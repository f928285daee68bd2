#include "keeper/file_server.h"

#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "files/handles.h"
#include "files/server.h"
#include "keeper/containment.h"
#include "keeper/report.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

constexpr size_t kMostServers = 32;
constexpr int kEndMilliseconds = 1000;
/// Its memory: a packet in, a packet out, what it has open.
constexpr rlim_t kAddressSpace = 64U << 20;
/// How long it may take to enter, in seconds; nothing of the guest's is waited for.
constexpr time_t kEntrySeconds = 5;

/// What work on files needs of root's rights (capabilities(7)).
constexpr uint64_t kCapabilities =
    1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_DAC_READ_SEARCH | 1U << CAP_FOWNER | 1U << CAP_FSETID | 1U << CAP_SETFCAP;

void limitServer(int status) {
  const rlimit memory{kAddressSpace, kAddressSpace};
  const rlimit files{files::Handles::kMost + 16, files::Handles::kMost + 16};
  const rlimit none{0, 0};
  LX_MUST(status, "rlimits", ::setrlimit(RLIMIT_AS, &memory), "as");
  LX_MUST(status, "rlimits", ::setrlimit(RLIMIT_NOFILE, &files), "nofile");
  LX_MUST(status, "rlimits", ::setrlimit(RLIMIT_CORE, &none), "core");
}

[[noreturn]] void runServer(const Plan& plan, int status, int socket, int init, int lock) {
  const pid_t parent = ::getppid();
  // The third place is free for the pidfd: nothing is said on stderr.
  status = keepOnly(status, socket, socket, init, lock);
  resetProcess();
  for (const int number : {SIGPIPE, SIGXFSZ}) ::signal(number, SIG_IGN);
  LX_MUST(status, "namespaces", ::setns(2, static_cast<int>(plan.namespaces & ~static_cast<uint64_t>(CLONE_NEWPID))));
  LX_MUST(status, "stdio", ::dup2(0, 2));
  becomeRoot(status);
  LX_MUST(status, "root", ::chdir("/"), "/");
  limitServer(status);
  dropBounds(status, kCapabilities);
  keepCapabilities(status, plan, kCapabilities);
  // Last, for a change of ids clears it (prctl(2)).
  LX_MUST(status, "exec", ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  if (::getppid() != parent) ::_exit(1);
  ::close(status);
  files::serve(0);
  ::_exit(0);
}

void awaitEntry(int status) {
  const timeval patience{kEntrySeconds, 0};
  LX_SYS(::setsockopt(status, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
  Report report{};
  int fds[4];
  const int got = receiveReport(status, report, fds);
  if (got < 0) throw Failure{"files", "recvmsg", ETIMEDOUT, ""};
  if (got > 0) throw Failure{report.stage, report.call, report.number, report.path};
}

}  // namespace

UniqueFd FileServers::start(uint64_t owner, uint32_t& id) {
  try {
    if (servers_.size() >= kMostServers) throw SysError("clone3", EAGAIN);
    int ends[2];
    LX_SYS(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    UniqueFd ours(ends[0]), theirs(ends[1]);
    auto [status, said] = socket::pair(socket::Mode::blocking);
    int pidfd = -1;
    const pid_t pid = lx::forkWithPidfd(pidfd);
    if (pid == 0) runServer(plan_, said.get(), theirs.get(), init_, lock_);
    LX_SYS(pid < 0 ? -1 : pid, "clone3");
    servers_.push_back({id = ++last_, owner, pid, UniqueFd(pidfd)});
    said.reset();
    awaitEntry(status.get());
    return ours;
  } catch (const SysError& error) {
    throw Failure{"files", error.call(), error.number(), error.subject()};
  }
}

void FileServers::kill(uint32_t id) {
  for (const auto& server : servers_) {
    if (server.id == id) ::syscall(SYS_pidfd_send_signal, server.process.get(), SIGKILL, nullptr, 0);
  }
}

void FileServers::drop(uint64_t owner) {
  for (const auto& server : servers_) {
    if (server.owner == owner) ::syscall(SYS_pidfd_send_signal, server.process.get(), SIGKILL, nullptr, 0);
  }
}

bool FileServers::reaped(pid_t pid) {
  return std::erase_if(servers_, [pid](const Server& server) { return server.pid == pid; }) > 0;
}

void FileServers::end() {
  for (const auto& server : servers_) ::syscall(SYS_pidfd_send_signal, server.process.get(), SIGKILL, nullptr, 0);
  for (const auto& server : servers_) {
    pollfd watch{server.process.get(), POLLIN, 0};
    if (::poll(&watch, 1, kEndMilliseconds) > 0) ::waitpid(server.pid, nullptr, 0);
  }
  servers_.clear();
}

void FileServers::move(int init) {
  end();
  init_ = init;
}

}  // namespace lx::keeper
