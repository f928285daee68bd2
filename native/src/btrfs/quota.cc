#include "btrfs/quota.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "base/sys_error.h"
#include "base/unique_fd.h"
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

}  // namespace

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
