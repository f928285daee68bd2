// Runs one program on bytes that a stranger made (unpacking and reading image archives), where it can do no harm: as root of
// a user namespace whose ids nobody on the host has, without the capability to make device nodes, in mount, pid, network,
// IPC and UTS namespaces of its own, and with a root that holds the host's programs, read-only, and what it was given.
//
//   host                              the namespaces
//   lxctl-confine  --- fork --->  1   supervisor: kills what the program left when it has ended
//                                 2   the program, at /tree or /
//
// The tree is shown idmapped: root inside writes files of any owner, and their ids on disk are those it gave, unless maps say
// that an owner inside is another one on disk: an archive may have been made where a container's ids were a host's.

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/sys_error.h"
#include "confine/room.h"
#include "confine/walk.h"

namespace {

/// What is wrong is ours to tell, not the program's.
constexpr int kOwnFailure = 125;
/// As a shell has them.
constexpr int kNotFound = 127;
constexpr int kNotRun = 126;

int usage() {
  std::fputs("usage: lxctl-confine [--tree DIRECTORY [--uid-map MAP --gid-map MAP]] [--archive FILE] [--] PROGRAM ARGUMENTS...\n"
             "       lxctl-confine --shown DIRECTORY [--] PROGRAM ARGUMENTS...\n"
             "       lxctl-confine --tree DIRECTORY [--marks kept]\n"
             "Runs a program at /tree, which it cannot write to when it is shown, with the file at /archive. Without one: looks whether\n"
             "the tree holds what it may; marks of overlayfs go unless they are kept.\n",
             stderr);
  return 2;
}

int codeOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

[[noreturn]] void runProgram(char** argv, bool tree) {
  if (::chdir(tree ? lx::confine::kTree : "/") == 0) ::execvp(argv[0], argv);
  const int number = errno;
  std::fprintf(stderr, "%s: %s\n", argv[0], std::strerror(number));
  ::_exit(number == ENOENT ? kNotFound : kNotRun);
}

/// The code of the program, once nothing runs here any more.
int supervise(char** argv, bool tree) {
  const pid_t program = LX_SYS(::fork());
  if (program == 0) runProgram(argv, tree);
  int code = kOwnFailure;
  bool killed = false;
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, 0);
    if (ended < 0 && errno == EINTR) continue;
    if (ended < 0) return code;
    if (ended != program || killed) continue;
    code = codeOf(status);
    killed = true;
    (void)::kill(-1, SIGKILL);
  }
}

/// Ends with whoever waits for it. `alive` closes when that is gone already.
void bindTo(int alive) {
  LX_SYS(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  pollfd watch{alive, POLLIN, 0};
  if (::poll(&watch, 1, 0) != 0) ::_exit(kOwnFailure);
}

int runInside(char** argv, bool tree, bool keepMarks, int userns, int alive) {
  lx::confine::becomeStranger(userns);
  // Last: a change of ids clears it (prctl(2)).
  bindTo(alive);
  if (*argv != nullptr) return supervise(argv, tree);
  rlimit files{};
  LX_SYS(::getrlimit(RLIMIT_NOFILE, &files));
  files.rlim_cur = files.rlim_max;
  LX_SYS(::setrlimit(RLIMIT_NOFILE, &files));
  const std::string problem = lx::confine::walk(lx::confine::kTree, keepMarks);
  if (problem.empty()) return 0;
  std::fprintf(stderr, "the tree holds %s\n", problem.c_str());
  return kOwnFailure;
}

int confine(const lx::confine::Given& given, char** argv) {
  LX_SYS(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  const lx::UniqueFd userns = lx::confine::strangers();
  lx::confine::enterRoom(given, userns.get());
  int ends[2];
  LX_SYS(::pipe2(ends, O_CLOEXEC));
  const pid_t child = LX_SYS(::fork());
  if (child == 0) {
    ::close(ends[1]);
    ::_exit([&] {
      try {
        return runInside(argv, !given.tree.empty(), given.keepMarks, userns.get(), ends[0]);
      } catch (const lx::SysError& error) {
        std::fprintf(stderr, "lxctl-confine: %s\n", error.what());
        return kOwnFailure;
      }
    }());
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return codeOf(status);
}

}  // namespace

int main(int argc, char** argv) {
  lx::confine::Given given;
  int at = 1;
  for (; at + 1 < argc; at += 2) {
    if (std::strcmp(argv[at], "--tree") == 0) given.tree = argv[at + 1];
    else if (std::strcmp(argv[at], "--shown") == 0) given.tree = argv[at + 1], given.readOnly = true;
    else if (std::strcmp(argv[at], "--marks") == 0) given.keepMarks = std::strcmp(argv[at + 1], "kept") == 0;
    else if (std::strcmp(argv[at], "--archive") == 0) given.archive = argv[at + 1];
    else if (std::strcmp(argv[at], "--uid-map") == 0) given.uidMap = argv[at + 1];
    else if (std::strcmp(argv[at], "--gid-map") == 0) given.gidMap = argv[at + 1];
    else break;
  }
  if (at < argc && std::strcmp(argv[at], "--") == 0) ++at;
  if ((at >= argc && given.tree.empty()) || given.uidMap.empty() != given.gidMap.empty()) return usage();
  try {
    return confine(given, argv + at);
  } catch (const lx::SysError& error) {
    std::fprintf(stderr, "lxctl-confine: %s\n", error.what());
    return kOwnFailure;
  }
}
