#include "tree/earlier.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <ctime>
#include <vector>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "tree/entries.h"

namespace lx::tree {

namespace {

constexpr off_t kLargeBytes = 4 << 20;
constexpr size_t kManyEntries = 200;
constexpr size_t kDeepest = 16;
constexpr decltype(statfs::f_type) kXfs = 0x58465342;

bool earlier(const timespec& one, const timespec& other) {
  return one.tv_sec != other.tv_sec ? one.tv_sec < other.tv_sec : one.tv_nsec < other.tv_nsec;
}

/// Counts until it is enough.
class Measure {
 public:
  bool run(UniqueFd directory, size_t depth) {
    if (depth == kDeepest) return true;
    std::vector<std::string> below;
    const bool few = eachEntry(directory.get(), [&](const std::string& name, unsigned char /*type*/) {
      if (++entries_ > kManyEntries) return false;
      struct stat info {};
      if (::fstatat(directory.get(), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) < 0) return true;
      if (S_ISDIR(info.st_mode)) below.push_back(name);
      if (S_ISREG(info.st_mode)) bytes_ += info.st_blocks * 512;
      return bytes_ <= kLargeBytes;
    });
    if (!few) return true;
    for (const std::string& name : below) {
      open_how how{};
      how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
      how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
      // What is gone or another thing by now is for the copy to see.
      UniqueFd next(openat2(directory.get(), name.c_str(), how));
      if (next.valid() && run(std::move(next), depth + 1)) return true;
    }
    return false;
  }

 private:
  size_t entries_ = 0;
  off_t bytes_ = 0;
};

}  // namespace

void Earlier::begin(int source) {
  struct statfs system {};
  LX_SYS(::fstatfs(source, &system));
  if (system.f_type != EXT4_SUPER_MAGIC && system.f_type != BTRFS_SUPER_MAGIC && system.f_type != kXfs) throw SysError("fstatfs", EOPNOTSUPP);
  // The clock that the kernel takes files' times from: what is changed later is never older.
  LX_SYS(::clock_gettime(CLOCK_REALTIME_COARSE, &begin_));
  LX_SYS(::syncfs(source));
}

void Earlier::note(const struct stat& info, int copy) {
  struct stat made {};
  LX_SYS(::fstat(copy, &made));
  files_[info.st_ino] = {made.st_ino, info.st_ctim};
}

bool Earlier::holds(const struct stat& info, int directory, const std::string& name) const {
  const auto noted = files_.find(info.st_ino);
  if (noted == files_.end() || !earlier(info.st_ctim, begin_)) return false;
  const timespec& changed = noted->second.changed;
  if (changed.tv_sec != info.st_ctim.tv_sec || changed.tv_nsec != info.st_ctim.tv_nsec) return false;
  struct stat found {};
  return ::fstatat(directory, name.c_str(), &found, AT_SYMLINK_NOFOLLOW) == 0 && found.st_ino == noted->second.copy;
}

bool isLarge(const std::string& path) {
  return Measure().run(LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path), 0);
}

}  // namespace lx::tree
