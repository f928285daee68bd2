#include "btrfs/quota.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

#include "base/sys_error.h"
#include "base/unique_fd.h"
#include "btrfs/roots.h"
#include "btrfs/subvolume.h"

namespace lx::btrfs {

namespace {

UniqueFd open(const std::string& path) {
  UniqueFd subvolume = LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path);
  if (!isSubvolume(subvolume.get())) throw SysError("ioctl", EINVAL, path, "no subvolume");
  return subvolume;
}

/// An item of the tree of quotas, which is there when they are on.
template <typename Item>
std::optional<Item> find(int filesystem, uint32_t type, uint64_t group) {
  constexpr size_t kBuffer = 4096;
  const auto buffer = std::make_unique<uint64_t[]>((sizeof(btrfs_ioctl_search_args_v2) + kBuffer) / sizeof(uint64_t));
  auto* args = reinterpret_cast<btrfs_ioctl_search_args_v2*>(buffer.get());
  btrfs_ioctl_search_key& key = args->key;
  key.tree_id = BTRFS_QUOTA_TREE_OBJECTID;
  key.min_type = key.max_type = type;
  key.min_offset = key.max_offset = group;
  key.max_transid = UINT64_MAX;
  key.nr_items = 1;
  args->buf_size = kBuffer;
  if (::ioctl(filesystem, BTRFS_IOC_TREE_SEARCH_V2, args) < 0) {
    if (errno == ENOENT) return std::nullopt;
    throw SysError("BTRFS_IOC_TREE_SEARCH_V2", errno);
  }
  if (key.nr_items == 0) return std::nullopt;
  Item item{};
  std::memcpy(&item, reinterpret_cast<const char*>(args->buf) + sizeof(btrfs_ioctl_search_header), sizeof item);
  return item;
}

std::optional<uint64_t> limitOf(int filesystem, uint64_t group) {
  const auto item = find<btrfs_qgroup_limit_item>(filesystem, BTRFS_QGROUP_LIMIT_KEY, group);
  if (!item || (item->flags & BTRFS_QGROUP_LIMIT_MAX_RFER) == 0) return std::nullopt;
  return item->max_rfer;
}

/// Counts all that is there, once.
void enable(int filesystem) {
  btrfs_ioctl_quota_ctl_args args{};
  args.cmd = BTRFS_QUOTA_CTL_ENABLE;
  LX_SYS(::ioctl(filesystem, BTRFS_IOC_QUOTA_CTL, &args), "BTRFS_IOC_QUOTA_CTL");
  LX_SYS(::ioctl(filesystem, BTRFS_IOC_QUOTA_RESCAN_WAIT), "BTRFS_IOC_QUOTA_RESCAN_WAIT");
}

void setLimit(int subvolume, uint64_t group, uint64_t bytes, const std::string& path) {
  btrfs_ioctl_qgroup_limit_args args{};
  args.qgroupid = group;
  args.lim.flags = BTRFS_QGROUP_LIMIT_MAX_RFER;
  args.lim.max_rfer = bytes;
  LX_SYS(::ioctl(subvolume, BTRFS_IOC_QGROUP_LIMIT, &args), path);
}

/// Of subvolumes alone: they have the level 0, which is the upper 16 bits.
std::vector<uint64_t> groupsOf(int filesystem) {
  constexpr size_t kBuffer = 64 * 1024;
  const auto buffer = std::make_unique<uint64_t[]>((sizeof(btrfs_ioctl_search_args_v2) + kBuffer) / sizeof(uint64_t));
  auto* args = reinterpret_cast<btrfs_ioctl_search_args_v2*>(buffer.get());
  std::vector<uint64_t> groups;
  for (uint64_t from = kRootInode;;) {
    btrfs_ioctl_search_key key{};
    key.tree_id = BTRFS_QUOTA_TREE_OBJECTID;
    key.min_type = key.max_type = BTRFS_QGROUP_INFO_KEY;
    key.min_offset = from;
    key.max_offset = (1ULL << 48) - 1;
    key.max_transid = UINT64_MAX;
    key.nr_items = UINT32_MAX;
    args->key = key;
    args->buf_size = kBuffer;
    if (::ioctl(filesystem, BTRFS_IOC_TREE_SEARCH_V2, args) < 0) {
      if (errno == ENOENT) return groups;
      throw SysError("BTRFS_IOC_TREE_SEARCH_V2", errno);
    }
    if (args->key.nr_items == 0) return groups;
    const auto* at = reinterpret_cast<const char*>(args->buf);
    for (uint32_t i = 0; i < args->key.nr_items; ++i) {
      btrfs_ioctl_search_header header{};
      std::memcpy(&header, at, sizeof header);
      at += sizeof header + header.len;
      groups.push_back(header.offset);
    }
    from = groups.back() + 1;
  }
}

bool isThere(int filesystem, uint64_t subvolume) {
  try {
    return openInode(filesystem, subvolume, kRootInode).valid();
  } catch (const SysError& error) {
    if (error.number() == ESTALE || error.number() == ENOENT) return false;
    throw;
  }
}

}  // namespace

void sweepGroups(const std::string& path) {
  const UniqueFd directory = LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path);
  for (const uint64_t group : groupsOf(directory.get())) {
    if (isThere(directory.get(), group)) continue;
    btrfs_ioctl_qgroup_create_args args{};
    args.qgroupid = group;
    // One that is being cleared away still keeps it (EBUSY): until the next time.
    ::ioctl(directory.get(), BTRFS_IOC_QGROUP_CREATE, &args);
  }
}

std::optional<Usage> usageOf(const std::string& path) {
  const UniqueFd subvolume = open(path);
  const auto item = find<btrfs_qgroup_info_item>(subvolume.get(), BTRFS_QGROUP_INFO_KEY, subvolumeOf(subvolume.get()));
  if (!item) return std::nullopt;
  return Usage{item->rfer, item->excl};
}

void limit(const std::string& path, std::optional<uint64_t> bytes) {
  const UniqueFd subvolume = open(path);
  const uint64_t group = subvolumeOf(subvolume.get());
  if (limitOf(subvolume.get(), group) == bytes) return;
  if (bytes && !find<btrfs_qgroup_info_item>(subvolume.get(), BTRFS_QGROUP_INFO_KEY, group)) enable(subvolume.get());
  setLimit(subvolume.get(), group, bytes.value_or(UINT64_MAX), path);
}

}  // namespace lx::btrfs
