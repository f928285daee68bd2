#include "confine/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "base/sys_error.h"
#include "base/unique_fd.h"

namespace lx::confine {

namespace {

/// Each level holds a directory open; a path of PATH_MAX has no more of them.
constexpr size_t kDeepest = 2048;
/// XATTR_LIST_MAX.
constexpr size_t kListSize = 65536;

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

struct Level {
  Directory directory;
  std::string path;
};

class Walk {
 public:
  explicit Walk(bool keepMarks) : keepMarks_(keepMarks) {}

  std::string run(const char* top) {
    enter(AT_FDCWD, top, "");
    while (!levels_.empty()) {
      errno = 0;
      const dirent* entry = ::readdir(levels_.back().directory.get());
      if (entry == nullptr) {
        if (errno != 0) throw SysError("readdir", errno, levels_.back().path);
        leave();
        continue;
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::string problem = visit(entry->d_name);
      if (!problem.empty()) return problem;
    }
    return {};
  }

 private:
  std::string visit(const char* name) {
    const int parent = ::dirfd(levels_.back().directory.get());
    const std::string path = levels_.back().path.empty() ? name : levels_.back().path + "/" + name;
    struct stat info {};
    LX_SYS(::fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW), path);
    const bool whiteout = S_ISCHR(info.st_mode) && info.st_rdev == 0;
    if ((S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode)) && !(whiteout && keepMarks_)) return "a device node: " + path;
    // Symlinks, pipes and sockets hold no user attributes (xattr(7)), and trusted ones cannot be written from here.
    if (!keepMarks_ && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode))) clean(name, path);
    if (!S_ISDIR(info.st_mode)) return {};
    if (levels_.size() >= kDeepest) return "directories too deep: " + path.substr(0, 200);
    enter(parent, name, path);
    return {};
  }

  void enter(int parent, const char* name, std::string path) {
    UniqueFd fd = LX_SYS_FD(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path);
    DIR* directory = ::fdopendir(fd.get());
    if (directory == nullptr) throw SysError("fdopendir", errno, path);
    (void)fd.release();
    levels_.push_back({Directory(directory, ::closedir), std::move(path)});
    LX_SYS(::fchdir(::dirfd(directory)), levels_.back().path);
  }

  void leave() {
    levels_.pop_back();
    if (!levels_.empty()) LX_SYS(::fchdir(::dirfd(levels_.back().directory.get())), levels_.back().path);
  }

  /// There are no calls for attributes relative to a directory's fd, so the walk stands in it.
  void clean(const char* name, const std::string& path) {
    const ssize_t size = ::llistxattr(name, list_.data(), list_.size());
    if (size < 0) {
      if (errno == ENOTSUP) return;
      throw SysError("llistxattr", errno, path);
    }
    for (const char* at = list_.data(); at < list_.data() + size; at += std::strlen(at) + 1) {
      const std::string_view attribute = at;
      if (!attribute.starts_with("user.overlay.") && !attribute.starts_with("trusted.overlay.")) continue;
      LX_SYS(::lremovexattr(name, at), path);
    }
  }

  const bool keepMarks_;
  std::vector<Level> levels_;
  std::vector<char> list_ = std::vector<char>(kListSize);
};

}  // namespace

std::string walk(const char* directory, bool keepMarks) { return Walk(keepMarks).run(directory); }

}  // namespace lx::confine
