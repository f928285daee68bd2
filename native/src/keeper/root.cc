#include "keeper/root.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>

#include "base/syscalls.h"
#include "keeper/report.h"
#include "keeper/written_file.h"

namespace lx::keeper {

int openTarget(const char* path, uint64_t flags, uint64_t mode) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  how.mode = mode;
  how.resolve = RESOLVE_NO_MAGICLINKS;
  return openat2(AT_FDCWD, path, how);
}

void makeDirectories(int status, const char* path, bool last) {
  char partial[PATH_MAX];
  const size_t size = std::strlen(path);
  if (size >= sizeof partial) {
    errno = ENAMETOOLONG;
    fail(status, "mount", "mkdir(", path);
  }
  for (size_t i = 1; i <= size; ++i) {
    if (path[i] != '/' && path[i] != '\0') continue;
    if (path[i] == '\0' && !last) break;
    std::memcpy(partial, path, i);
    partial[i] = '\0';
    if (::mkdir(partial, 0755) < 0 && errno != EEXIST) fail(status, "mount", "mkdir(", partial);
  }
}

namespace {

constexpr unsigned kFromFd = MOVE_MOUNT_F_EMPTY_PATH;
constexpr unsigned kOntoFd = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;

/// One option of a comma-separated list: `key=value`, or a flag. `option` is cut up.
void configure(int status, int context, char* option, const char* fstype) {
  char* equals = std::strchr(option, '=');
  if (equals == nullptr) {
    LX_MUST(status, "mount", ::fsconfig(context, FSCONFIG_SET_FLAG, option, nullptr, 0), fstype);
    return;
  }
  *equals = '\0';
  LX_MUST(status, "mount", ::fsconfig(context, FSCONFIG_SET_STRING, option, equals + 1, 0), fstype);
}

/// A detached mount of a new filesystem.
int newFilesystem(int status, const MountStep& step) {
  const int context = LX_MUST(status, "mount", ::fsopen(step.fstype, FSOPEN_CLOEXEC), step.fstype);
  if (step.source[0] != '\0') LX_MUST(status, "mount", ::fsconfig(context, FSCONFIG_SET_STRING, "source", step.source, 0), step.fstype);
  char data[PATH_MAX];
  if (std::strlen(step.data) >= sizeof data) {
    errno = E2BIG;
    fail(status, "mount", "fsconfig(", step.target);
  }
  std::strcpy(data, step.data);
  for (char *rest = data, *option = ::strsep(&rest, ","); option != nullptr; option = ::strsep(&rest, ",")) {
    if (option[0] != '\0') configure(status, context, option, step.fstype);
  }
  LX_MUST(status, "mount", ::fsconfig(context, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0), step.target);
  const int mount = LX_MUST(status, "mount", ::fsmount(context, FSMOUNT_CLOEXEC, static_cast<unsigned>(step.attributes)), step.target);
  ::close(context);
  return mount;
}

void attach(int status, int mount, const char* name) {
  LX_MUST(status, "root", ::mkdir(name, 0755), name);
  LX_MUST(status, "root", ::move_mount(mount, "", AT_FDCWD, name, kFromFd), name);
}

int mountPoint(int status, const char* target, MountStep::Create create) {
  int fd = openTarget(target, O_PATH);
  if (fd >= 0) return fd;
  if (errno != ENOENT || create == MountStep::Create::nothing) fail(status, "mount", "openat2(", target);
  makeDirectories(status, target, create == MountStep::Create::directory);
  if (create == MountStep::Create::file) {
    fd = openTarget(target, O_CREAT | O_WRONLY | O_NOCTTY, 0644);
    if (fd < 0) fail(status, "mount", "openat2(", target);
    ::close(fd);
  }
  fd = openTarget(target, O_PATH);
  if (fd < 0) fail(status, "mount", "openat2(", target);
  return fd;
}

void bindConsole(int status, const MountStep& step, RootResult& result) {
  result.console = openPty(status, "console", result.devpts, result.consoleSlave);
  unsigned number = 0;
  LX_MUST(status, "console", ::ioctl(result.console, TIOCGPTN, &number), step.target);
  char name[16];
  std::snprintf(name, sizeof name, "%u", number);
  const int slave = LX_MUST(status, "console", ::open_tree(result.devpts, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), step.target);
  place(status, slave, step.target, MountStep::Create::file);
  ::close(slave);
  result.stdio = openTarget(step.target, O_RDWR | O_NOCTTY);
  if (result.stdio < 0) fail(status, "console", "openat2(", step.target);
}

void runFilesystem(int status, const RootInput& input, size_t index, RootResult& result) {
  const MountStep& step = input.plan.mounts[index];
  const int mount = step.early ? input.early[index] : newFilesystem(status, step);
  place(status, mount, step.target, MountStep::Create::directory);
  if (std::strcmp(step.fstype, "devpts") == 0 && result.devpts < 0) result.devpts = mount;
  else if (std::strcmp(step.fstype, "proc") == 0 && result.proc < 0) result.proc = mount;
  else ::close(mount);
}

}  // namespace

void place(int status, int mount, const char* target, MountStep::Create create) {
  const int point = mountPoint(status, target, create);
  LX_MUST(status, "mount", ::move_mount(mount, "", point, "", kOntoFd), target);
  ::close(point);
}

int openPty(int status, const char* stage, int devpts, int& slave) {
  const int master = LX_MUST(status, stage, ::openat(devpts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), "ptmx");
  const int unlocked = 0;
  LX_MUST(status, stage, ::ioctl(master, TIOCSPTLCK, &unlocked), "ptmx");
  slave = LX_MUST(status, stage, ::ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "ptmx");
  return master;
}

void makeEarlyMounts(int status, const RootInput& input) {
  for (size_t i = 0; i < input.plan.mounts.size(); ++i) {
    const MountStep& step = input.plan.mounts[i];
    input.early[i] = step.op == MountStep::Op::fs && step.early ? newFilesystem(status, step) : -1;
  }
}

void takeLockedLayers(int status, const RootInput& input) {
  LX_MUST(status, "namespaces", ::unshare(CLONE_NEWNS), "mount");
  for (size_t i = 0; i < input.plan.layers.size(); ++i) {
    if (!input.plan.layers[i].locked || input.layers[i] < 0) continue;
    char name[PATH_MAX];
    std::snprintf(name, sizeof name, "%s/%zu", input.stage, i);
    ::close(input.layers[i]);
    const unsigned reach = input.plan.layers[i].recursive ? AT_RECURSIVE : 0U;
    input.layers[i] = LX_MUST(status, "layers", ::open_tree(AT_FDCWD, name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | reach), input.plan.layers[i].path);
  }
}

void enterStage(int status, const RootInput& input) {
  // Nothing done here may reach the host's mounts.
  LX_MUST(status, "root", ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "/");
  LX_MUST(status, "root", ::chdir(input.stage), input.stage);
}

void enterRoot(int status, const RootInput& input) {
  const RootPlan& root = input.plan.root;
  MountStep stage{};
  stage.fstype = "tmpfs";
  stage.source = "lxctl";
  stage.data = "mode=0700,size=64k";
  stage.target = input.stage;
  const int tmpfs = newFilesystem(status, stage);
  LX_MUST(status, "root", ::move_mount(tmpfs, "", AT_FDCWD, ".", kFromFd), input.stage);
  LX_MUST(status, "root", ::fchdir(tmpfs), input.stage);
  if (root.kind == RootPlan::Kind::overlay) {
    for (size_t i = 0; i < root.lower.size(); ++i) {
      char name[24];
      std::snprintf(name, sizeof name, "%zu", i);
      attach(status, input.layers[root.lower[i]], name);
    }
    attach(status, input.layers[root.upper], "u");
    LX_MUST(status, "root", ::mkdir("r", 0755), "r");
    LX_MUST(status, "root", ::mount("overlay", "r", "overlay", MS_NODEV, input.overlayOptions), input.plan.layers[root.upper].path);
  } else {
    attach(status, input.layers[root.lower[0]], "r");
  }
  LX_MUST(status, "root", ::chdir("r"), "r");
  // The old root ends up on top of the new one and is taken off (pivot_root(2), "." twice).
  LX_MUST(status, "root", ::syscall(SYS_pivot_root, ".", "."), "/");
  LX_MUST(status, "root", ::umount2(".", MNT_DETACH), "/");
  LX_MUST(status, "root", ::chdir("/"), "/");
}

void shareMounts(int status) { LX_MUST(status, "root", ::mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr), "/"); }

RootResult runMountSteps(int status, const RootInput& input) {
  RootResult result;
  for (size_t i = 0; i < input.plan.mounts.size(); ++i) {
    const MountStep& step = input.plan.mounts[i];
    switch (step.op) {
      case MountStep::Op::fs: runFilesystem(status, input, i, result); break;
      case MountStep::Op::layer:
        if (input.layers[step.layer] >= 0) place(status, input.layers[step.layer], step.target, step.create);
        break;
      case MountStep::Op::mkdir:
        makeDirectories(status, step.target, false);
        if (::mkdir(step.target, step.mode) < 0 && errno != EEXIST) fail(status, "mount", "mkdir(", step.target);
        break;
      case MountStep::Op::symlink:
        if (::symlink(step.to, step.target) < 0 && errno != EEXIST) fail(status, "mount", "symlink(", step.target);
        break;
      case MountStep::Op::console: bindConsole(status, step, result); break;
      case MountStep::Op::file:
        if (!input.again || !step.once) writeFileStep(status, step);
        break;
    }
  }
  return result;
}

}  // namespace lx::keeper
