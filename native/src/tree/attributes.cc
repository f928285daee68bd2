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

/// What overlayfs notes of a directory of a layer (overlayfs.rst), in a user namespace and outside.
bool isOverlays(std::string_view name) { return name.starts_with("user.overlay.") || name.starts_with("trusted.overlay."); }

/// Extended attributes of one file, by its descriptor or, for what cannot be opened, by its door.
class Attributes {
 public:
  Attributes(int fd, bool opened) : fd_(fd), door_(opened ? "" : doorTo(fd)) {}

  /// Calls `each(name, value)`.
  template <typename Each>
  void forEach(Each each) {
    std::string names(1024, '\0');
    const ssize_t size = filled(names, [&](char* at, size_t room) { return list(at, room); });
    if (size < 0 && errno == EOPNOTSUPP) return;
    LX_SYS(size, "listxattr");
    std::string value(1024, '\0');
    for (size_t at = 0; at < static_cast<size_t>(size); at += std::strlen(names.data() + at) + 1) {
      const char* name = names.data() + at;
      const ssize_t length = filled(value, [&](char* into, size_t room) { return get(name, into, room); });
      // Taken away meanwhile.
      if (length < 0 && errno == ENODATA) continue;
      if (length < 0) throw SysError("getxattr", errno, {}, name);
      each(name, std::string_view(value.data(), static_cast<size_t>(length)));
    }
  }

  void set(const char* name, std::string_view value) const {
    const int result = door_.empty() ? ::fsetxattr(fd_, name, value.data(), value.size(), 0)
                                     : ::setxattr(door_.c_str(), name, value.data(), value.size(), 0);
    if (result < 0 && (errno != EOPNOTSUPP || matters(name))) throw SysError("setxattr", errno, {}, name);
  }

 private:
  ssize_t list(char* at, size_t room) const { return door_.empty() ? ::flistxattr(fd_, at, room) : ::listxattr(door_.c_str(), at, room); }
  ssize_t get(const char* name, char* at, size_t room) const {
    return door_.empty() ? ::fgetxattr(fd_, name, at, room) : ::getxattr(door_.c_str(), name, at, room);
  }

  int fd_;
  std::string door_;
};

void copyExtended(int from, int to, bool opened, Kept kept) {
  const Attributes target(to, opened);
  Attributes(from, opened).forEach([&](const char* name, std::string_view value) {
    if (kept == Kept::all || !isOverlays(name)) target.set(name, value);
  });
}

}  // namespace

void copyAttributes(int from, int to, const struct stat& info, Kept kept) {
  const std::array<timespec, 2> times{info.st_atim, info.st_mtim};
  const mode_t mode = info.st_mode & 07777;
  if (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode)) {
    LX_SYS(::fchown(to, info.st_uid, info.st_gid));
    copyExtended(from, to, true, kept);
    LX_SYS(::fchmod(to, mode));
    LX_SYS(::futimens(to, times.data()));
    return;
  }
  LX_SYS(::fchownat(to, "", info.st_uid, info.st_gid, AT_EMPTY_PATH));
  copyExtended(from, to, false, kept);
  const std::string target = doorTo(to);
  // A symlink has no mode of its own.
  if (!S_ISLNK(info.st_mode)) LX_SYS(::chmod(target.c_str(), mode));
  LX_SYS(::utimensat(AT_FDCWD, target.c_str(), times.data(), 0));
}

std::map<std::string, std::string> attributesOf(int fd, mode_t mode) {
  std::map<std::string, std::string> all;
  Attributes(fd, S_ISREG(mode) || S_ISDIR(mode)).forEach([&](const char* name, std::string_view value) {
    if (!isOverlays(name)) all.emplace(name, value);
  });
  return all;
}

bool sameAttributes(int one, const struct stat& is, int other, const struct stat& was) {
  return is.st_uid == was.st_uid && is.st_gid == was.st_gid && is.st_mode == was.st_mode && is.st_mtim.tv_sec == was.st_mtim.tv_sec &&
         is.st_mtim.tv_nsec == was.st_mtim.tv_nsec && attributesOf(one, is.st_mode) == attributesOf(other, was.st_mode);
}

}  // namespace lx::tree
