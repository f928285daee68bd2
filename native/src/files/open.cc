#include "files/open.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/syscalls.h"

namespace lx::files {

namespace {

constexpr mode_t kSetIds = S_ISUID | S_ISGID;

/// `made`: by this call, and nobody else's.
int openToPut(const char* path, bool append, mode_t mode, bool& made) {
  made = true;
  int fd = openFile(path, fWrite | fCreate | fExclusive, mode);
  if (fd >= 0 || errno != EEXIST) return fd;
  made = false;
  const uint32_t how = fWrite | (append ? fAppend : fTruncate);
  fd = openFile(path, how, mode);
  if (fd >= 0 || errno != ENOENT) return fd;
  // A link that leads to nothing yet.
  made = true;
  return openFile(path, how | fCreate, mode);
}

/// Only what differs is changed: each change is one more write of the inode.
int own(int fd, const Attributes& fresh) {
  struct stat info {};
  if (::fstat(fd, &info) < 0) return -1;
  Attributes missing = fresh;
  if (*fresh.owner == std::pair{info.st_uid, info.st_gid}) missing.owner.reset();
  // A change of the owner takes the set-id bits off.
  if (!missing.owner && *fresh.mode == (info.st_mode & 07777)) missing.mode.reset();
  return apply(fd, missing);
}

int fill(int fd, bool made, const Attributes& fresh, std::string_view data) {
  if (made && own(fd, fresh) < 0) return -1;
  if (writeAll(fd, data, 0) < 0) return -1;
  // A write takes them off, for only root of the host would keep them (inode(7)).
  return made && (*fresh.mode & kSetIds) != 0 ? ::fchmod(fd, *fresh.mode) : 0;
}

}  // namespace

/// Looked at before, so that no device is opened, and after, for what it was then is nobody's word. Nothing waits in between. A
/// directory is opened to be looked at, as clients do who do not know yet what a path is; to read it fails.
int openFile(const char* path, uint32_t wanted, mode_t mode) {
  struct stat info {};
  const bool reads = (wanted & fRead) != 0;
  const bool writes = (wanted & fWrite) != 0;
  const bool looks = !writes && (wanted & (fCreate | fTruncate | fAppend)) == 0;
  const auto usable = [&] { return S_ISREG(info.st_mode) || (looks && S_ISDIR(info.st_mode)); };
  // What is made is a regular file, and an exclusive open opens nothing else.
  const bool makes = (wanted & fCreate) != 0 && (wanted & fExclusive) != 0;
  if (!makes && ::stat(path, &info) == 0 && !usable()) return errno = S_ISDIR(info.st_mode) ? EISDIR : EOPNOTSUPP, -1;
  open_how how{};
  how.flags = O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (writes ? reads ? O_RDWR : O_WRONLY : O_RDONLY);
  if ((wanted & fAppend) != 0) how.flags |= O_APPEND;
  if ((wanted & fTruncate) != 0) how.flags |= O_TRUNC;
  if ((wanted & fCreate) != 0) how.flags |= O_CREAT | ((wanted & fExclusive) != 0 ? O_EXCL : 0);
  if ((wanted & fCreate) != 0) how.mode = mode;
  // Links of procfs lead to what other processes have open, which may be the host's.
  how.resolve = RESOLVE_NO_MAGICLINKS;
  const int fd = openat2(AT_FDCWD, path, how);
  if (fd < 0) return -1;
  if (::fstat(fd, &info) == 0 && usable()) return fd;
  ::close(fd);
  return errno = EOPNOTSUPP, -1;
}

int writeAll(int fd, std::string_view data, uint64_t offset) {
  while (!data.empty()) {
    const ssize_t written = ::pwrite(fd, data.data(), data.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return -1;
    data.remove_prefix(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
  }
  return 0;
}

int put(const char* path, bool append, const Attributes& fresh, std::string_view data) {
  bool made = false;
  const int fd = openToPut(path, append, *fresh.mode, made);
  if (fd < 0) return -1;
  const int result = fill(fd, made, fresh, data);
  const int number = errno;
  ::close(fd);
  if (result == 0) return 0;
  if (made) ::unlink(path);
  return errno = number, -1;
}

}  // namespace lx::files
