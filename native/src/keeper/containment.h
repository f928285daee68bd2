#pragma once

#include <cstdint>

#include "keeper/plan.h"

namespace lx::keeper {

// The last steps of both kinds of child, init and exec. After the clone: no allocation, no exceptions.

/// The words of an exec: argv and envp end with null.
struct Program {
  char* const* argv;
  char* const* env;
  uint32_t uid;
  uint32_t gid;
};

/// Signal mask and dispositions as after boot, umask 022.
void resetProcess();
/// Moves this thread into v1 hierarchies by writing to fds of their `tasks` files.
void joinTasks(int status, const int* tasks, size_t count);
/// A session keyring of its own (session-keyring(7)), where its user may still have a key: the ids may be shared with others
/// that have used the quota up. Else it stays with its keeper's, which is this container's alone.
void joinKeyring(int status);
/// uid and gid 0 inside, no supplementary groups.
void becomeRoot(int status);
/// Puts the three fds at 0, 1, 2, `status` at 3, `more`, if there is one, at 4, and closes all others. Gives the new status fd.
int keepOnly(int status, int in, int out, int err, int more = -1);
/// Hard limits of the plan that are above this process's own, in a process of the host's: inside the user namespace nobody may
/// raise them (setrlimit(2)).
void raiseLimits(int status, const Plan& plan);
/// Resource limits, capability bounding set, seccomp filter.
void confine(int status, const Plan& plan);
/// The plan's seccomp filter, which `confine` sets too; whoever has no CAP_SYS_ADMIN needs PR_SET_NO_NEW_PRIVS before.
void filterCalls(int status, const Plan& plan);
/// Takes all capabilities but these out of the bounding set.
void dropBounds(int status, uint64_t kept);
/// Has these and no other capabilities, as far as the plan leaves them, no way to more, and the plan's filter. Last of all.
void keepCapabilities(int status, const Plan& plan, uint64_t kept);
/// Ids of the program, after `confine`.
void becomeUser(int status, uint32_t uid, uint32_t gid);
/// execve; a name without a slash is looked for in the PATH of `env`. Comes back only with the errno of the failure.
int execute(const Program& program);

/// The status a shell gives for a program that could not be run: 127 not found, 126 not executable.
constexpr int shellStatus(int number) { return number == 2 /* ENOENT */ || number == 20 /* ENOTDIR */ ? 127 : 126; }

}  // namespace lx::keeper
