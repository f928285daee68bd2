#include "keeper/exec.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/report.h"
#include "keeper/root.h"
#include "keeper/wire.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

/// Where execs live when the guest has given controllers to groups of its own: a group with such children may not hold
/// processes itself (cgroups(7), no internal processes).
constexpr const char* kOwnGroup = ".lxctl";

struct ExecInput {
  const Plan& plan;
  const ExecRequest& request;
  int status;
  int init;
  int devpts;
  const int* stdio;
  const int* tasks;
  size_t taskCount;
};

bool readTexts(Reader& in, std::vector<char*>& list) {
  list.resize(in.count(5) + 1, nullptr);
  for (size_t i = 0; i + 1 < list.size(); ++i) list[i] = const_cast<char*>(in.text());
  return in.good();
}

/// /dev/stdout and the like open the pipe anew, with the rights of the command's user.
void giveStdio(const ExecInput& input) {
  for (int i = 0; i < 3; ++i) {
    struct stat info {};
    if (::fstat(input.stdio[i], &info) < 0 || !(S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode))) continue;
    LX_MUST(input.status, "stdio", ::fchown(input.stdio[i], mapped(input.plan.uids, input.request.uid), mapped(input.plan.gids, input.request.gid)));
  }
}

/// A pty of the container's, owned by the command's user; its master goes to the keeper. Gives the slave.
int makeTerminal(const ExecInput& input) {
  int slave = -1;
  const int master = openPty(input.status, "terminal", input.devpts, slave);
  const winsize size{input.request.rows, input.request.columns, 0, 0};
  LX_MUST(input.status, "terminal", ::ioctl(master, TIOCSWINSZ, &size));
  LX_MUST(input.status, "terminal", ::fchown(slave, input.request.uid, static_cast<gid_t>(-1)));
  const Report report{Report::Kind::terminal, 0, {}, {}, {}};
  if (!sendReport(input.status, report, &master, 1)) ::_exit(1);
  return slave;
}

/// The command's own process, inside.
[[noreturn]] void runCommand(const ExecInput& input) {
  const ExecRequest& request = input.request;
  // First of all, and by itself: whatever becomes of it or of the helper, it is known before it can end.
  const Report here{Report::Kind::pid, 0, {}, {}, {}};
  if (!sendReport(input.status, here)) ::_exit(1);
  ::setsid();
  becomeRoot(input.status);
  joinKeyring(input.status);
  int status = -1;
  if (request.terminal) {
    const int slave = makeTerminal(input);
    status = keepOnly(input.status, slave, slave, slave);
    LX_MUST(status, "terminal", ::ioctl(0, TIOCSCTTY, 0));
  } else {
    status = keepOnly(input.status, input.stdio[0], input.stdio[1], input.stdio[2]);
  }
  // No directory of the host's is open any more, so no link of procfs leads out (CVE-2024-21626).
  // A directory that is missing or closed is no failure: the command starts in the root, as with LXD.
  if (::chdir(request.cwd) < 0) LX_MUST(status, "cwd", ::chdir("/"), "/");
  resetProcess();
  confine(status, input.plan);
  becomeUser(status, request.uid, request.gid);
  const int failure = execute({request.argv.data(), request.env.data(), request.uid, request.gid});
  // As a shell says it, for the exit code alone does not tell whose it is. Nobody may be reading.
  ::signal(SIGPIPE, SIG_IGN);
  ::dprintf(2, "%s: %s\n", request.argv[0], ::strerror(failure));
  ::_exit(shellStatus(failure));
}

/// The helper: into the groups and namespaces, then one more process, since only a new one enters a pid namespace.
[[noreturn]] void runHelper(const ExecInput& input) {
  joinTasks(input.status, input.tasks, input.taskCount);
  raiseLimits(input.status, input.plan);
  if (!input.request.terminal) giveStdio(input);
  LX_MUST(input.status, "namespaces", ::setns(input.init, static_cast<int>(input.plan.namespaces)));
  clone_args args{};
  // A child of the keeper's, which learns of its end; the signal is then this helper's own.
  args.flags = CLONE_PARENT;
  const pid_t pid = clone3(args);
  if (pid == 0) runCommand(input);
  if (pid < 0) fail(input.status, "clone", "clone3(");
  ::_exit(0);
}

pid_t cloneInto(int group) {
  clone_args args{};
  args.exit_signal = SIGCHLD;
  if (group >= 0) {
    args.flags = CLONE_INTO_CGROUP;
    args.cgroup = static_cast<uint64_t>(group);
  }
  return clone3(args);
}

/// As fork; in the helper it gives 0.
pid_t cloneHelper(const Instance& instance) {
  const pid_t pid = cloneInto(instance.cgroup.get());
  if (pid >= 0 || errno != EBUSY) return pid;
  if (::mkdirat(instance.cgroup.get(), kOwnGroup, 0755) < 0 && errno != EEXIST) throw SysError("mkdirat", errno, kOwnGroup);
  const UniqueFd own = LX_SYS_FD(::openat(instance.cgroup.get(), kOwnGroup, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), kOwnGroup);
  return cloneInto(own.get());
}

std::vector<UniqueFd> openTasks(const Plan& plan) {
  std::vector<UniqueFd> fds;
  for (const char* directory : plan.cgroups.join) {
    const std::string path = std::string(directory) + "/tasks";
    fds.push_back(LX_SYS_FD(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path));
  }
  return fds;
}

}  // namespace

bool decodeExec(std::vector<std::byte> message, ExecRequest& request) {
  request.message = std::move(message);
  Reader in(std::span<const std::byte>(request.message).subspan(kHeaderSize));
  if (!readTexts(in, request.argv) || !readTexts(in, request.env)) return false;
  request.cwd = in.text();
  request.uid = in.u32();
  request.gid = in.u32();
  request.terminal = in.flag();
  request.columns = in.u16();
  request.rows = in.u16();
  return in.finished() && request.argv.size() > 1 && request.cwd[0] == '/';
}

SpawnedExec spawnExec(const Plan& plan, Instance& instance, const ExecRequest& request, const std::vector<UniqueFd>& stdio) {
  try {
    auto [ours, theirs] = socket::pair(socket::Mode::blocking);
    LX_SYS(::fcntl(ours.get(), F_SETFL, O_NONBLOCK));
    const int yes = 1;
    LX_SYS(::setsockopt(ours.get(), SOL_SOCKET, SO_PASSCRED, &yes, sizeof yes));
    const std::vector<UniqueFd> groups = openTasks(plan);
    std::vector<int> tasks;
    for (const auto& group : groups) tasks.push_back(group.get());
    int fds[3] = {-1, -1, -1};
    for (size_t i = 0; i < 3 && i < stdio.size(); ++i) fds[i] = stdio[i].get();
    const ExecInput input{plan, request, theirs.get(), instance.pidfd.get(), instance.devpts.get(), fds, tasks.data(), tasks.size()};
    const pid_t pid = cloneHelper(instance);
    if (pid == 0) runHelper(input);
    return {LX_SYS(pid < 0 ? -1 : pid, "clone3"), std::move(ours)};
  } catch (const SysError& error) {
    throw Failure{"exec", error.call(), error.number(), error.subject()};
  }
}

}  // namespace lx::keeper
