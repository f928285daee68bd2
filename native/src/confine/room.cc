#include "confine/room.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>

#include "base/sys_error.h"
#include "idmap/userns.h"
#include "mount/mount.h"

namespace lx::confine {

namespace {

/// Every Linux has it, and nothing in it is needed in the room.
constexpr const char* kStage = "/tmp";

/// The upper half of all ids: no user, no subordinate range of useradd(8) and no instance is there. 4294967295 is no id.
constexpr const char* kMap = "0 2147483648 2147483647\n";

void makeDirectory(const std::string& path) { LX_SYS(::mkdir(path.c_str(), 0755), path); }

void makeFile(const std::string& path) { LX_SYS_FD(::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0644), path); }

/// A directory of the host's system as it is there: a link, or a read-only view.
void show(const std::string& name) {
  const std::string from = "/" + name;
  const std::string to = std::string(kStage) + from;
  struct stat info {};
  if (::lstat(from.c_str(), &info) < 0) {
    if (errno == ENOENT) return;
    throw SysError("lstat", errno, from);
  }
  if (S_ISLNK(info.st_mode)) {
    char target[PATH_MAX];
    const ssize_t size = LX_SYS(::readlink(from.c_str(), target, sizeof target), from);
    LX_SYS(::symlink(std::string(target, static_cast<size_t>(size)).c_str(), to.c_str()), to);
    return;
  }
  makeDirectory(to);
  const UniqueFd view = mount::openTree(from, true);
  mount::Attributes attributes;
  attributes.readonly = attributes.nosuid = attributes.nodev = true;
  mount::setAttributes(view.get(), attributes, true);
  mount::moveMount(view.get(), to);
}

/// With the namespace of the room, ids on disk are those inside, for nothing is shifted by the mount that was not shifted by it.
UniqueFd given(const std::string& path, int userns, bool readonly) {
  UniqueFd view = mount::openTree(path, false);
  mount::Attributes attributes;
  attributes.nosuid = attributes.nodev = attributes.noexec = true;
  if (readonly) attributes.readonly = true;
  attributes.idmapUserns = userns;
  mount::setAttributes(view.get(), attributes, false);
  return view;
}

/// The views are taken before: what is given may lie below the stage, which is hidden by now.
void fill(const UniqueFd& tree, const UniqueFd& archive) {
  const std::string stage = kStage;
  for (const char* name : {"usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32"}) show(name);
  makeDirectory(stage + "/dev");
  makeFile(stage + "/dev/null");
  mount::moveMount(mount::openTree("/dev/null", false).get(), stage + "/dev/null");
  if (tree.valid()) {
    makeDirectory(stage + kTree);
    mount::moveMount(tree.get(), stage + kTree);
  }
  if (archive.valid()) {
    makeFile(stage + kArchive);
    mount::moveMount(archive.get(), stage + kArchive);
  }
}

constexpr int kKept[] = {CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

void keepFew() {
  uint32_t few = 0;
  for (const int capability : kKept) few |= 1U << static_cast<unsigned>(capability);
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (capability < 32 && (few & (1U << static_cast<unsigned>(capability))) != 0) continue;
    LX_SYS(::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), "capabilities");
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {{few, few, 0}, {0, 0, 0}};
  LX_SYS(::syscall(SYS_capset, &header, sets), "capabilities");
}

}  // namespace

UniqueFd strangers() { return idmap::createUserNamespace(kMap, kMap); }

void enterRoom(const Given& paths, int userns) {
  // First: it forks, and the first process of a pid namespace is its init (pid_namespaces(7)).
  const UniqueFd owners = paths.uidMap.empty() ? UniqueFd() : idmap::createUserNamespace(paths.uidMap, paths.gidMap);
  LX_SYS(::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "namespaces");
  LX_SYS(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "/");
  const UniqueFd tree = paths.tree.empty() ? UniqueFd() : given(paths.tree, owners.valid() ? owners.get() : userns, paths.readOnly);
  const UniqueFd archive = paths.archive.empty() ? UniqueFd() : given(paths.archive, userns, true);
  const UniqueFd stage = mount::create("tmpfs", {{"mode", "0755"}, {"size", "64k"}}, {});
  mount::moveMount(stage.get(), kStage);
  fill(tree, archive);
  mount::Attributes fixed;
  fixed.readonly = fixed.nosuid = true;
  mount::setAttributes(stage.get(), fixed, false);
  LX_SYS(::chdir(kStage), kStage);
  LX_SYS(::syscall(SYS_pivot_root, ".", "."), "/");
  LX_SYS(::umount2(".", MNT_DETACH), "/");
  LX_SYS(::chdir("/"), "/");
}

void becomeStranger(int userns) {
  LX_SYS(::setns(userns, CLONE_NEWUSER), "user namespace");
  LX_SYS(::setgroups(0, nullptr), "groups");
  LX_SYS(::setresgid(0, 0, 0), "gid");
  LX_SYS(::setresuid(0, 0, 0), "uid");
  keepFew();
  LX_SYS(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
  const rlimit none{0, 0};
  LX_SYS(::setrlimit(RLIMIT_CORE, &none), "core");
}

}  // namespace lx::confine
