#include "keeper/containment.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "keeper/report.h"

namespace lx::keeper {

namespace {

constexpr rlim_t kSoftFiles = 1024;

void limitResources(int status, const Plan& plan) {
  // The daemon's runtime raised its own soft limit; programs that use select(2) need the usual one.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur > kSoftFiles) {
    files.rlim_cur = kSoftFiles;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  for (const auto& limit : plan.rlimits) {
    const rlimit value{limit.soft, limit.hard};
    LX_MUST(status, "rlimits", ::setrlimit(static_cast<__rlimit_resource_t>(limit.resource), &value), limit.name);
  }
}

const char* pathOf(char* const* env) {
  for (; *env != nullptr; ++env) {
    if (std::strncmp(*env, "PATH=", 5) == 0) return *env + 5;
  }
  return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/// A change of ids sets this anew, from fs.suid_dumpable, which a host may have at 1: then the guest's root could trace this
/// process and read the keeper's memory in it, until its exec (ptrace(2), PR_SET_DUMPABLE in prctl(2)).
void hide(int status) { LX_MUST(status, "ids", ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)); }

}  // namespace

void resetProcess() {
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::umask(022);
}

void joinTasks(int status, const int* tasks, size_t count) {
  // Of the thread itself, which needs no lock of the kernel's; the permission is the opener's (cgroups(7)).
  for (size_t i = 0; i < count; ++i) LX_MUST(status, "cgroup", ::write(tasks[i], "0", 1), "tasks");
}

void becomeRoot(int status) {
  // The raw calls: glibc's wrappers tell other threads, and there are none.
  LX_MUST(status, "ids", ::syscall(SYS_setgroups, 0, nullptr));
  LX_MUST(status, "ids", ::syscall(SYS_setresgid, 0, 0, 0));
  LX_MUST(status, "ids", ::syscall(SYS_setresuid, 0, 0, 0));
  hide(status);
}

void raiseLimits(int status, const Plan& plan) {
  for (const auto& limit : plan.rlimits) {
    const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
    rlimit now{};
    LX_MUST(status, "rlimits", ::getrlimit(resource, &now), limit.name);
    if (limit.hard <= now.rlim_max) continue;
    now.rlim_max = limit.hard;
    LX_MUST(status, "rlimits", ::setrlimit(resource, &now), limit.name);
  }
}

void joinKeyring(int status) {
  // ENOSYS: a kernel without keys.
  if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS && errno != EDQUOT) fail(status, "keyring", "keyctl(");
}

int keepOnly(int status, int in, int out, int err, int more) {
  const int count = more < 0 ? 4 : 5;
  // Up and away first, so that no dup2 closes a source that is still needed.
  int sources[5] = {in, out, err, status, more};
  for (int i = 0; i < count; ++i) sources[i] = LX_MUST(status, "stdio", ::fcntl(sources[i], F_DUPFD_CLOEXEC, 10));
  for (int i = 0; i < 3; ++i) LX_MUST(status, "stdio", ::dup2(sources[i], i));
  for (int i = 3; i < count; ++i) LX_MUST(status, "stdio", ::dup3(sources[i], i, O_CLOEXEC));
  LX_MUST(3, "stdio", ::syscall(SYS_close_range, static_cast<unsigned>(count), ~0U, 0U));
  return 3;
}

void confine(int status, const Plan& plan) {
  limitResources(status, plan);
  for (const uint32_t capability : plan.dropCapabilities) {
    // EINVAL: a capability newer than this kernel.
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0 && errno != EINVAL) fail(status, "capabilities", "prctl(", "PR_CAPBSET_DROP");
  }
  filterCalls(status, plan);
}

void filterCalls(int status, const Plan& plan) {
  if (plan.seccompSize == 0) return;
  const sock_fprog program{static_cast<uint16_t>(plan.seccompSize / sizeof(sock_filter)),
                           static_cast<sock_filter*>(const_cast<void*>(plan.seccomp))};
  LX_MUST(status, "seccomp", ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}

void becomeUser(int status, uint32_t uid, uint32_t gid) {
  LX_MUST(status, "ids", ::syscall(SYS_setresgid, gid, gid, gid));
  LX_MUST(status, "ids", ::syscall(SYS_setresuid, uid, uid, uid));
  hide(status);
}

int execute(const Program& program) {
  const char* name = program.argv[0];
  if (name[0] == '\0') return ENOENT;
  if (std::strchr(name, '/') != nullptr) {
    ::execve(name, program.argv, program.env);
    return errno;
  }
  int failure = ENOENT;
  const size_t size = std::strlen(name);
  for (const char* part = pathOf(program.env); part != nullptr;) {
    const char* end = ::strchrnul(part, ':');
    const auto length = static_cast<size_t>(end - part);
    char candidate[PATH_MAX];
    if (length > 0 && length + size + 2 <= sizeof candidate) {
      std::memcpy(candidate, part, length);
      candidate[length] = '/';
      std::memcpy(candidate + length + 1, name, size + 1);
      ::execve(candidate, program.argv, program.env);
      if (errno != ENOENT && errno != ENOTDIR) failure = errno;
      if (failure != EACCES && failure != ENOENT) return failure;
    }
    part = *end == ':' ? end + 1 : nullptr;
  }
  return failure;
}

void dropBounds(int status, uint64_t kept) {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if ((kept >> capability & 1U) == 0) LX_MUST(status, "capabilities", ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "PR_CAPBSET_DROP");
  }
}

void keepCapabilities(int status, const Plan& plan, uint64_t kept) {
  for (const uint32_t dropped : plan.dropCapabilities) kept &= ~(1ULL << dropped);
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2]{};
  for (int i = 0; i < 2; ++i) sets[i].effective = sets[i].permitted = static_cast<uint32_t>(kept >> (32 * i));
  LX_MUST(status, "capabilities", ::syscall(SYS_capset, &head, sets));
  LX_MUST(status, "seccomp", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  filterCalls(status, plan);
}

}  // namespace lx::keeper
