#include "mount/loop.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <linux/major.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstring>

#include "base/sys_error.h"

namespace lx::mount {

namespace {

/// Somebody else may take the device that was said to be free.
constexpr int kTries = 64;
constexpr const char* kControl = "/dev/loop-control";

/// Where /dev is no devtmpfs, nobody makes the node of a new device.
UniqueFd openDevice(const std::string& path, int number) {
  UniqueFd device(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (device.valid() || errno != ENOENT) return LX_SYS_FD(device.release(), path);
  if (::mknod(path.c_str(), S_IFBLK | 0600, makedev(LOOP_MAJOR, static_cast<unsigned>(number))) < 0 && errno != EEXIST) throw SysError("mknod", errno, path);
  return LX_SYS_FD(::open(path.c_str(), O_RDWR | O_CLOEXEC), path);
}

}  // namespace

Loop attachLoop(const std::string& file) {
  const UniqueFd backing = LX_SYS_FD(::open(file.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC), file);
  const UniqueFd control = LX_SYS_FD(::open(kControl, O_RDWR | O_CLOEXEC), kControl);
  loop_config config{};
  config.fd = static_cast<uint32_t>(backing.get());
  // Past the page cache where the file's own file system can, or all would be cached twice.
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO;
  std::strncpy(reinterpret_cast<char*>(config.info.lo_file_name), file.c_str(), LO_NAME_SIZE - 1);
  for (int left = kTries; left > 0; --left) {
    const int number = LX_SYS(::ioctl(control.get(), LOOP_CTL_GET_FREE), kControl);
    const std::string path = "/dev/loop" + std::to_string(number);
    UniqueFd device = openDevice(path, number);
    if (::ioctl(device.get(), LOOP_CONFIGURE, &config) == 0) return {std::move(device), path};
    if (errno != EBUSY) throw SysError("LOOP_CONFIGURE", errno, path);
  }
  throw SysError("LOOP_CONFIGURE", EBUSY, file);
}

void growLoop(const std::string& path) {
  const UniqueFd device = LX_SYS_FD(::open(path.c_str(), O_RDWR | O_CLOEXEC), path);
  LX_SYS(::ioctl(device.get(), LOOP_SET_CAPACITY, 0), path);
}

}  // namespace lx::mount
