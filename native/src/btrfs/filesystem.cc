#include "btrfs/filesystem.h"

#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include <cstdio>
#include <cstring>

#include "base/sys_error.h"
#include "base/unique_fd.h"
#include "mount/loop.h"

namespace lx::btrfs {

namespace {

UniqueFd open(const std::string& path) { return LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), path); }

std::string written(const uint8_t* id) {
  std::string text;
  for (int i = 0; i < BTRFS_FSID_SIZE; ++i) {
    char byte[3];
    std::snprintf(byte, sizeof byte, "%02x", id[i]);
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += byte;
  }
  return text;
}

}  // namespace

std::string uuidAt(const std::string& path) {
  const UniqueFd directory = open(path);
  struct statfs system {};
  LX_SYS(::fstatfs(directory.get(), &system), path);
  if (static_cast<uint64_t>(system.f_type) != BTRFS_SUPER_MAGIC) return "";
  btrfs_ioctl_fs_info_args info{};
  LX_SYS(::ioctl(directory.get(), BTRFS_IOC_FS_INFO, &info), path);
  return written(info.fsid);
}

void grow(const std::string& path) {
  const UniqueFd directory = open(path);
  btrfs_ioctl_dev_info_args device{};
  device.devid = 1;
  LX_SYS(::ioctl(directory.get(), BTRFS_IOC_DEV_INFO, &device), path);
  const std::string name(reinterpret_cast<const char*>(device.path));
  if (name.starts_with("/dev/loop")) mount::growLoop(name);
  btrfs_ioctl_vol_args args{};
  std::strcpy(args.name, "1:max");
  LX_SYS(::ioctl(directory.get(), BTRFS_IOC_RESIZE, &args), path);
}

}  // namespace lx::btrfs
