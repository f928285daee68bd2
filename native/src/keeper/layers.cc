#include "keeper/layers.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/run_files.h"

namespace lx::keeper {

namespace {

unsigned reach(const Layer& layer) { return layer.recursive ? AT_RECURSIVE : 0U; }

UniqueFd takeNode(const Plan& plan, const Node& node, const std::string& path) {
  ::unlink(path.c_str());
  LX_SYS(::mknod(path.c_str(), (node.block ? S_IFBLK : S_IFCHR) | 0600, makedev(node.major, node.minor)), path);
  LX_SYS(::chown(path.c_str(), mapped(plan.uids, node.uid), mapped(plan.gids, node.gid)), path);
  LX_SYS(::chmod(path.c_str(), node.mode), path);
  return LX_SYS_FD(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), path);
}

/// Nobody can plant a link in a path that is opened so; and a thing that is found is the one that is mounted.
UniqueFd takePlain(const Layer& layer) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const UniqueFd place(openat2(AT_FDCWD, layer.path, how));
  if (!place.valid()) return {};
  return UniqueFd(::open_tree(place.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | reach(layer)));
}

}  // namespace

UniqueFd takeLayer(const Plan& plan, const Layer& layer, int index) {
  if (layer.gone) return {};
  if (layer.node) return takeNode(plan, *layer.node, nodeFile(plan, index));
  UniqueFd mount = layer.plain ? takePlain(layer) : UniqueFd(::open_tree(AT_FDCWD, layer.path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | reach(layer)));
  if (!mount.valid() && !(layer.optional && (errno == ENOENT || errno == ENOTDIR))) throw SysError("open_tree", errno, layer.path);
  return mount;
}

Shown shownBy(const UniqueFd& mount) {
  struct stat info {};
  if (!mount.valid() || ::fstat(mount.get(), &info) < 0) return {0, 0};
  return {info.st_dev, info.st_ino};
}

void shapeLayer(const Layer& layer, const UniqueFd& mount, int userns) {
  if (!mount.valid()) return;
  mount_attr attributes{};
  attributes.propagation = layer.slave ? MS_SLAVE : MS_PRIVATE;
  attributes.attr_set = layer.attributes;
  if ((attributes.attr_set & MOUNT_ATTR__ATIME) != 0) attributes.attr_clr = MOUNT_ATTR__ATIME;
  // The run directory may be on a file system where no node opens; this one is meant to.
  if (layer.node) attributes.attr_clr |= MOUNT_ATTR_NODEV;
  if (layer.idmapped) {
    attributes.attr_set |= MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<uint64_t>(userns);
  }
  LX_SYS(::mount_setattr(mount.get(), "", AT_EMPTY_PATH | reach(layer), &attributes, sizeof attributes), layer.path);
}

UniqueFd userNamespace(const Plan& plan, pid_t process) {
  if (plan.uids.empty()) return {};
  const std::string path = "/proc/" + std::to_string(process) + "/ns/user";
  return LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
}

std::string stagePath(const Plan& plan) { return std::string(plan.runDir) + "/stage"; }

void makePoint(const Layer& layer, int mount, const std::string& path) {
  struct stat info {};
  LX_SYS(::fstat(mount, &info), layer.path);
  if (S_ISDIR(info.st_mode)) LX_SYS(::mkdir(path.c_str(), 0755), path);
  else LX_SYS(::mknod(path.c_str(), S_IFREG | 0644, 0), path);
}

}  // namespace lx::keeper
