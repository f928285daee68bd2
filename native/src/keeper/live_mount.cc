#include "keeper/live_mount.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/containment.h"
#include "keeper/layers.h"
#include "keeper/report.h"
#include "keeper/root.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

/// Less than a daemon waits for an answer.
constexpr unsigned kSeconds = 8;

struct Input {
  const Plan& plan;
  int status;
  int init;
};

void enter(const Input& input, int namespaces) {
  const int own = static_cast<int>(input.plan.namespaces) & namespaces;
  if (own != 0) LX_MUST(input.status, "namespaces", ::setns(input.init, own));
}

[[noreturn]] void succeed(const Input& input) {
  sendReport(input.status, Report{Report::Kind::ready, 0, {}, {}, {}});
  ::_exit(0);
}

/// A copy whose flags the guest's root cannot take off: made by leaving a mount namespace of the host's for one of the
/// container's user namespace (mount_namespaces(7)), as at a launch.
int lockedCopy(const Input& input, const Layer& layer, int mount, const char* stage, const char* point) {
  LX_MUST(input.status, "namespaces", ::unshare(CLONE_NEWNS), "mount");
  LX_MUST(input.status, "layers", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "/");
  LX_MUST(input.status, "layers", ::mount("lxctl", stage, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k"), stage);
  struct stat info {};
  LX_MUST(input.status, "layers", ::fstat(mount, &info), layer.path);
  if (S_ISDIR(info.st_mode)) LX_MUST(input.status, "layers", ::mkdir(point, 0755), point);
  else LX_MUST(input.status, "layers", ::mknod(point, S_IFREG | 0644, 0), point);
  LX_MUST(input.status, "layers", ::move_mount(mount, "", AT_FDCWD, point, MOVE_MOUNT_F_EMPTY_PATH), layer.path);
  enter(input, CLONE_NEWUSER);
  LX_MUST(input.status, "namespaces", ::unshare(CLONE_NEWNS), "mount");
  const unsigned reach = layer.recursive ? AT_RECURSIVE : 0U;
  return LX_MUST(input.status, "layers", ::open_tree(AT_FDCWD, point, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | reach), layer.path);
}

[[noreturn]] void runMount(const Input& input, const Layer& layer, const MountStep& step, int mount, const char* stage, const char* point) {
  resetProcess();
  ::alarm(kSeconds);
  if (layer.locked) mount = lockedCopy(input, layer, mount, stage, point);
  else enter(input, CLONE_NEWUSER);
  enter(input, CLONE_NEWNS);
  becomeRoot(input.status);
  place(input.status, mount, step.target, step.create);
  succeed(input);
}

bool shows(const char* target, const Shown& shown) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const int fd = openat2(AT_FDCWD, target, how);
  struct stat info {};
  return fd >= 0 && ::fstat(fd, &info) == 0 && info.st_dev == shown.device && info.st_ino == shown.file;
}

[[noreturn]] void runUnmount(const Input& input, const char* target, const Shown& shown, bool remove) {
  resetProcess();
  ::alarm(kSeconds);
  enter(input, CLONE_NEWUSER);
  enter(input, CLONE_NEWNS);
  becomeRoot(input.status);
  if (!shows(target, shown)) succeed(input);
  // EINVAL, ENOENT: the guest has taken it off already.
  if (::umount2(target, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT && errno != ENOTDIR) fail(input.status, "unmount", "umount2(", target);
  struct stat info {};
  if (remove && ::lstat(target, &info) == 0 && S_ISREG(info.st_mode) && info.st_size == 0) ::unlink(target);
  succeed(input);
}

/// `run` gets the input and ends the process.
template <typename Run>
LiveMount spawn(const Plan& plan, const Instance& instance, Run run) {
  auto [ours, theirs] = socket::pair(socket::Mode::blocking);
  LX_SYS(::fcntl(ours.get(), F_SETFL, O_NONBLOCK));
  const Input input{plan, theirs.get(), instance.pidfd.get()};
  int process = -1;
  const pid_t pid = lx::forkWithPidfd(process);
  if (pid == 0) run(input);
  LX_SYS(pid < 0 ? -1 : pid, "clone3");
  return {std::move(ours), UniqueFd(process), {}};
}

template <typename Action>
auto staged(const char* stage, Action action) {
  try {
    return action();
  } catch (const SysError& error) {
    throw Failure{stage, error.call(), error.number(), error.subject()};
  }
}

}  // namespace

LiveMount spawnMount(const Plan& plan, const Instance& instance, const Layer& layer, const MountStep& step) {
  return staged("layers", [&]() -> LiveMount {
    const UniqueFd mount = takeLayer(plan, layer, -1);
    if (!mount.valid()) throw SysError("open_tree", ENOENT, layer.path);
    shapeLayer(layer, mount, userNamespace(plan, instance.init).get());
    const std::string stage = stagePath(plan);
    const std::string point = stage + "/0";
    LiveMount live = spawn(plan, instance,
                           [&](const Input& input) { runMount(input, layer, step, mount.get(), stage.c_str(), point.c_str()); });
    live.shown = shownBy(mount);
    return live;
  });
}

LiveMount spawnUnmount(const Plan& plan, const Instance& instance, const char* target, const Shown& shown, bool remove) {
  return staged("unmount", [&] { return spawn(plan, instance, [&](const Input& input) { runUnmount(input, target, shown, remove); }); });
}

}  // namespace lx::keeper
