#include "btrfs/roots.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/btrfs_tree.h>
#include <sys/ioctl.h>

#include <array>
#include <cstring>
#include <memory>

#include "base/sys_error.h"

namespace lx::btrfs {

namespace {

constexpr size_t kBuffer = 64 * 1024;

Child childOf(const btrfs_ioctl_search_header& header, const char* data) {
  btrfs_root_ref ref{};
  std::memcpy(&ref, data, sizeof ref);
  return {header.offset, ref.dirid, std::string(data + sizeof ref, ref.name_len)};
}

/// fid of btrfs's file handles without a parent (fs/btrfs/export.h): what open_by_handle_at(2) takes.
struct Fid {
  uint64_t inode;
  uint64_t subvolume;
  uint32_t generation;
} __attribute__((packed));
constexpr int kFidType = 0x4d;

}  // namespace

std::vector<Child> childrenOf(int filesystem, uint64_t subvolume) {
  std::vector<Child> children;
  const auto buffer = std::make_unique<uint64_t[]>((sizeof(btrfs_ioctl_search_args_v2) + kBuffer) / sizeof(uint64_t));
  auto* args = reinterpret_cast<btrfs_ioctl_search_args_v2*>(buffer.get());
  for (uint64_t from = 0;;) {
    btrfs_ioctl_search_key key{};
    key.tree_id = BTRFS_ROOT_TREE_OBJECTID;
    key.min_objectid = key.max_objectid = subvolume;
    key.min_type = key.max_type = BTRFS_ROOT_REF_KEY;
    key.min_offset = from;
    key.max_offset = key.max_transid = UINT64_MAX;
    key.nr_items = UINT32_MAX;
    args->key = key;
    args->buf_size = kBuffer;
    LX_SYS(::ioctl(filesystem, BTRFS_IOC_TREE_SEARCH_V2, args), "BTRFS_IOC_TREE_SEARCH_V2");
    if (args->key.nr_items == 0) return children;
    const auto* at = reinterpret_cast<const char*>(args->buf);
    for (uint32_t i = 0; i < args->key.nr_items; ++i) {
      btrfs_ioctl_search_header header{};
      std::memcpy(&header, at, sizeof header);
      at += sizeof header;
      children.push_back(childOf(header, at));
      at += header.len;
    }
    if (children.back().id == UINT64_MAX) return children;
    from = children.back().id + 1;
  }
}

UniqueFd openInode(int filesystem, uint64_t subvolume, uint64_t inode) {
  alignas(file_handle) std::array<char, sizeof(file_handle) + sizeof(Fid)> bytes{};
  auto* handle = reinterpret_cast<file_handle*>(bytes.data());
  handle->handle_bytes = sizeof(Fid);
  handle->handle_type = kFidType;
  // The generation 0 stands for any.
  const Fid fid{inode, subvolume, 0};
  std::memcpy(bytes.data() + sizeof(file_handle), &fid, sizeof fid);
  return LX_SYS_FD(::open_by_handle_at(filesystem, handle, O_RDONLY | O_DIRECTORY | O_CLOEXEC), std::to_string(subvolume));
}

}  // namespace lx::btrfs
