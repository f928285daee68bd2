#include "btrfs/subvolume.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/sys_error.h"
#include "btrfs/roots.h"

namespace lx::btrfs {

namespace {

/// A guest that still has the tree mounted may make others while those that were found are taken away.
constexpr int kPasses = 16;

struct At {
  UniqueFd directory;
  std::string name;
};

At at(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string above = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  return {LX_SYS_FD(::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), above), slash == std::string::npos ? path : path.substr(slash + 1)};
}

template <size_t N>
void setName(char (&field)[N], const std::string& name) {
  if (name.size() >= N) throw SysError("ioctl", ENAMETOOLONG, name);
  std::memcpy(field, name.c_str(), name.size() + 1);
}

void snapshotAt(int directory, const std::string& name, int source) {
  btrfs_ioctl_vol_args_v2 args{};
  args.fd = source;
  setName(args.name, name);
  LX_SYS(::ioctl(directory, BTRFS_IOC_SNAP_CREATE_V2, &args), name);
}

bool isReadonly(int subvolume) {
  uint64_t flags = 0;
  LX_SYS(::ioctl(subvolume, BTRFS_IOC_SUBVOL_GETFLAGS, &flags));
  return (flags & BTRFS_SUBVOL_RDONLY) != 0;
}

void setReadonly(int subvolume, bool readonly) {
  uint64_t flags = readonly ? BTRFS_SUBVOL_RDONLY : 0;
  LX_SYS(::ioctl(subvolume, BTRFS_IOC_SUBVOL_SETFLAGS, &flags));
}

/// A snapshot has an empty directory in the place of each nested subvolume. Inodes have the numbers that they have in the source,
/// so the directory above it is found by its number.
void snapshotNested(int filesystem, uint64_t source, uint64_t target) {
  std::vector<std::pair<uint64_t, uint64_t>> pairs{{source, target}};
  std::vector<uint64_t> readonly;
  for (size_t i = 0; i < pairs.size(); ++i) {
    const auto [from, to] = pairs[i];
    for (const Child& child : childrenOf(filesystem, from)) {
      const UniqueFd nested = openInode(filesystem, child.id, kRootInode);
      const UniqueFd directory = openInode(filesystem, to, child.directory);
      LX_SYS(::unlinkat(directory.get(), child.name.c_str(), AT_REMOVEDIR), child.name);
      snapshotAt(directory.get(), child.name, nested.get());
      const UniqueFd made = LX_SYS_FD(::openat(directory.get(), child.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), child.name);
      pairs.emplace_back(child.id, subvolumeOf(made.get()));
      if (isReadonly(nested.get())) readonly.push_back(pairs.back().second);
    }
  }
  for (const uint64_t id : readonly) setReadonly(openInode(filesystem, id, kRootInode).get(), true);
}

/// All below one and itself, whatever is above another before it; each may have things removed in it then.
std::vector<uint64_t> opened(int filesystem, uint64_t top) {
  std::vector<uint64_t> found{top};
  for (size_t i = 0; i < found.size(); ++i) {
    const UniqueFd subvolume = openInode(filesystem, found[i], kRootInode);
    if (isReadonly(subvolume.get())) setReadonly(subvolume.get(), false);
    for (const Child& child : childrenOf(filesystem, found[i])) found.push_back(child.id);
  }
  return found;
}

bool gone(int number) { return number == ENOENT || number == ESTALE; }

/// By number: EROFS for a subvolume in one that is read-only, ENOTEMPTY for one with others in it.
void destroyOne(int filesystem, uint64_t id) {
  btrfs_ioctl_vol_args_v2 args{};
  args.flags = BTRFS_SUBVOL_SPEC_BY_ID;
  args.subvolid = id;
  if (::ioctl(filesystem, BTRFS_IOC_SNAP_DESTROY_V2, &args) < 0 && !gone(errno)) throw SysError("BTRFS_IOC_SNAP_DESTROY_V2", errno, std::to_string(id));
  // What counted it counts nothing any more. Where there are no quotas, or the kernel sees to it later, it refuses.
  btrfs_ioctl_qgroup_create_args group{};
  group.qgroupid = id;
  ::ioctl(filesystem, BTRFS_IOC_QGROUP_CREATE, &group);
}

}  // namespace

bool isSubvolume(int directory) {
  struct stat info {};
  LX_SYS(::fstat(directory, &info));
  if (info.st_ino != kRootInode || !S_ISDIR(info.st_mode)) return false;
  struct statfs system {};
  LX_SYS(::fstatfs(directory, &system));
  return static_cast<uint64_t>(system.f_type) == BTRFS_SUPER_MAGIC;
}

uint64_t subvolumeOf(int file) {
  btrfs_ioctl_ino_lookup_args args{};
  args.objectid = kRootInode;
  LX_SYS(::ioctl(file, BTRFS_IOC_INO_LOOKUP, &args), "BTRFS_IOC_INO_LOOKUP");
  return args.treeid;
}

void create(const std::string& path) {
  const At place = at(path);
  btrfs_ioctl_vol_args_v2 args{};
  setName(args.name, place.name);
  LX_SYS(::ioctl(place.directory.get(), BTRFS_IOC_SUBVOL_CREATE_V2, &args), path);
  // The process's umask is not asked for here.
  LX_SYS(::fchmodat(place.directory.get(), place.name.c_str(), 0755, 0), path);
}

void snapshot(const std::string& from, const std::string& to) {
  const UniqueFd source = LX_SYS_FD(::open(from.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), from);
  const At place = at(to);
  snapshotAt(place.directory.get(), place.name, source.get());
  const UniqueFd made = LX_SYS_FD(::openat(place.directory.get(), place.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to);
  snapshotNested(place.directory.get(), subvolumeOf(source.get()), subvolumeOf(made.get()));
}

void destroy(int subvolume) {
  const uint64_t top = subvolumeOf(subvolume);
  // A descriptor in what is taken away is no place to ask from for the rest of it.
  const UniqueFd above = LX_SYS_FD(::openat(subvolume, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  for (int pass = 0; pass < kPasses; ++pass) {
    try {
      const std::vector<uint64_t> all = opened(above.get(), top);
      std::for_each(all.rbegin(), all.rend(), [&](uint64_t id) { destroyOne(above.get(), id); });
      return;
    } catch (const SysError& error) {
      const bool raced = error.number() == ENOTEMPTY || error.number() == EROFS || gone(error.number());
      if (!raced || pass + 1 == kPasses) throw;
    }
  }
}

}  // namespace lx::btrfs
