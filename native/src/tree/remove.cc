#include "tree/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <tuple>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "btrfs/subvolume.h"

namespace lx::tree {

namespace {

/// Each level holds a file descriptor.
constexpr int kDeepest = 64;
/// Some milliseconds' work: other jobs wait for the threads of the pool.
constexpr int kEntries = 512;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

/// A subvolume of btrfs goes as a whole: in a read-only one, which a guest can make, nothing can be removed.
class Removal {
 public:
  explicit Removal(std::string path) : path_(std::move(path)) {}

  bool run() { return entry(AT_FDCWD, path_.c_str(), DT_UNKNOWN, 0); }

 private:
  /// Whether it is gone.
  bool entry(int parent, const char* name, unsigned char type, int depth) {
    if (left_ == 0) return false;
    --left_;
    if (type != DT_DIR) {
      if (::unlinkat(parent, name, 0) == 0 || errno == ENOENT) return true;
      if (errno != EISDIR) throwSysError("unlink", path_);
    }
    // Most directories of an instance are empty.
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    if (errno != ENOTEMPTY && errno != EEXIST) throwSysError("rmdir", path_);
    if (depth == kDeepest) throw SysError("rmdir", ENAMETOOLONG, path_);
    if (!content(parent, name, depth)) return false;
    if (::unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return true;
    // Entries that readdir(3) left out while others were removed: they are met the next time.
    if (errno == ENOTEMPTY || errno == EEXIST) return false;
    throwSysError("rmdir", path_);
  }

  bool content(int parent, const char* name, int depth) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    // The first is the caller's to name; from there on nothing leads out.
    how.resolve = depth == 0 ? 0 : RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH;
    UniqueFd fd(checkSys(lx::openat2(parent, name, how), "openat2", path_));
    if (btrfs::isSubvolume(fd.get()) && !isMounted(fd.get())) {
      btrfs::destroy(fd.get());
      return true;
    }
    const Directory directory(::fdopendir(fd.get()), ::closedir);
    if (!directory) throwSysError("fdopendir", path_);
    std::ignore = fd.release();  // the stream closes it
    errno = 0;
    while (const dirent* each = ::readdir(directory.get())) {
      const char* own = each->d_name;
      if (std::strcmp(own, ".") == 0 || std::strcmp(own, "..") == 0) continue;
      if (!entry(::dirfd(directory.get()), own, each->d_type, depth + 1)) return false;
      errno = 0;
    }
    if (errno != 0) throwSysError("readdir", path_);
    return true;
  }

  /// Whether a mount begins at it: then its subvolume belongs to who mounted it.
  static bool isMounted(int directory) {
    struct statx info {};
    LX_SYS(::statx(directory, "", AT_EMPTY_PATH, 0, &info));
    return (info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
  }

  std::string path_;
  int left_ = kEntries;
};

}  // namespace

bool remove(const std::string& path) { return Removal(path).run(); }

}  // namespace lx::tree
