#include "tree/attributes.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "base/sys_error.h"

namespace lx::tree {

namespace {

/// Reaches the open file itself, whatever its kind: a magic link does not follow the symlink it leads to (proc(5), fd).
std::string doorTo(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

/// Calls that fill a buffer whose size nobody knows before: grows it until all fits.
template <typename Fill>
ssize_t filled(std::string& buffer, Fill fill) {
  for (;;) {
    const ssize_t got = fill(buffer.data(), buffer.size());
    if (got >= 0 || errno != ERANGE) return got;
    const ssize_t size = fill(nullptr, 0);
    if (size < 0) return size;
    buffer.resize(static_cast<size_t>(size) + 256);
  }
}

/// Whether an attribute is a loss when the target cannot have it. Others are labels of a file system or a security module.
bool matters(std::string_view name) {
  return name.starts_with("user.") || name.starts_with("trusted.") || name.starts_with("system.posix_acl_") || name == "security.capability";
}

void copyExtended(int from, int to, bool path) {
  const std::string source = path ? doorTo(from) : "";
  const std::string target = path ? doorTo(to) : "";
  std::string names(1024, '\0');
  const ssize_t size = filled(names, [&](char* at, size_t room) { return path ? ::listxattr(source.c_str(), at, room) : ::flistxattr(from, at, room); });
  if (size < 0 && errno == EOPNOTSUPP) return;
  LX_SYS(size, "listxattr");
  std::string value(1024, '\0');
  for (size_t at = 0; at < static_cast<size_t>(size); at += std::strlen(names.data() + at) + 1) {
    const char* name = names.data() + at;
    const ssize_t length = filled(value, [&](char* into, size_t room) {
      return path ? ::getxattr(source.c_str(), name, into, room) : ::fgetxattr(from, name, into, room);
    });
    // Taken away meanwhile.
    if (length < 0 && errno == ENODATA) continue;
    if (length < 0) throw SysError("getxattr", errno, {}, name);
    const auto bytes = static_cast<size_t>(length);
    const int set = path ? ::setxattr(target.c_str(), name, value.data(), bytes, 0) : ::fsetxattr(to, name, value.data(), bytes, 0);
    if (set < 0 && (errno != EOPNOTSUPP || matters(name))) throw SysError("setxattr", errno, {}, name);
  }
}

}  // namespace

void copyAttributes(int from, int to, const struct stat& info) {
  const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
  const mode_t mode = info.st_mode & 07777;
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
    LX_SYS(::fchown(to, info.st_uid, info.st_gid));
    copyExtended(from, to, false);
    LX_SYS(::fchmod(to, mode));
    LX_SYS(::futimens(to, times.data()));
    return;
  }
  LX_SYS(::fchownat(to, "", info.st_uid, info.st_gid, AT_EMPTY_PATH));
  copyExtended(from, to, true);
  const std::string target = doorTo(to);
  // A symlink has no mode of its own.
  if (!S_ISLNK(info.st_mode)) LX_SYS(::chmod(target.c_str(), mode));
  LX_SYS(::utimensat(AT_FDCWD, target.c_str(), times.data(), 0));
}

}  // namespace lx::tree
