#include "tree/copy.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/syscalls.h"
#include "base/sys_error.h"
#include "base/unique_fd.h"
#include "tree/attributes.h"
#include "tree/content.h"

namespace lx::tree {

namespace {

/// Directories that are held open at a time. A guest can nest deeper than a process may have descriptors.
constexpr size_t openLevels = 64;

/// A directory's place in the tree, without a length that PATH_MAX bounds.
struct Place {
  std::shared_ptr<const Place> above;
  std::string name;

  [[nodiscard]] std::string path(const std::string& entry) const {
    std::string whole = entry;
    for (const Place* at = this; at->above != nullptr; at = at->above.get()) whole.insert(0, at->name + "/");
    return whole;
  }
};
using PlaceRef = std::shared_ptr<const Place>;

/// A directory on the way down.
struct Level {
  UniqueFd source;
  UniqueFd target;
  struct stat from;
  struct stat to;
  PlaceRef place;
  std::vector<std::string> below;
};

/// Where a file lies that has more than one name.
struct Linked {
  PlaceRef place;
  std::string name;
};

/// A directory that is changed while it is listed may tell a name twice (readdir(3)): then the entry is there already.
bool already(int result, const char* call) {
  if (result < 0 && errno != EEXIST) throw SysError(call, errno);
  return result < 0;
}

bool gone(int number) { return number == ENOENT || number == ESTALE; }

/// Opens an entry without touching what it is; nullopt when it is gone.
std::optional<UniqueFd> take(int directory, const char* name, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH;
  const int fd = openat2(directory, name, how);
  if (fd >= 0) return UniqueFd(fd);
  if (gone(errno)) return std::nullopt;
  throw SysError("openat2", errno);
}

struct stat statOf(int fd) {
  struct stat info {};
  LX_SYS(::fstat(fd, &info));
  return info;
}

/// A file to read from, of what `take` opened; reading leaves no trace where that is ours to say (open(2), O_NOATIME).
UniqueFd readable(int fd) {
  const std::string door = "/proc/self/fd/" + std::to_string(fd);
  const int quiet = ::open(door.c_str(), O_RDONLY | O_CLOEXEC | O_NOATIME);
  if (quiet >= 0 || errno != EPERM) return LX_SYS_FD(quiet, "open");
  return LX_SYS_FD(::open(door.c_str(), O_RDONLY | O_CLOEXEC));
}

std::string linkOf(int fd) {
  std::string target(4096, '\0');
  target.resize(static_cast<size_t>(LX_SYS(::readlinkat(fd, "", target.data(), target.size()))));
  return target;
}

class TreeCopy {
 public:
  explicit TreeCopy(Watch& watch) : watch_(watch), content_(watch) {}

  void run(int from, const std::string& to) {
    LX_SYS(::mkdir(to.c_str(), 0700), to);
    UniqueFd target = LX_SYS_FD(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to);
    root_ = LX_SYS_FD(::fcntl(target.get(), F_DUPFD_CLOEXEC, 0));
    enter(LX_SYS_FD(::openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)), std::move(target), std::make_shared<Place>());
    while (!levels_.empty()) {
      if (levels_.back().below.empty()) {
        leave();
        continue;
      }
      const std::string name = std::move(levels_.back().below.back());
      levels_.back().below.pop_back();
      at(name, [&] { descend(name); });
    }
  }

 private:
  /// What `work` throws names the entry.
  template <typename Work>
  void at(const std::string& name, Work work) {
    const PlaceRef place = levels_.back().place;
    try {
      if (watch_.cancelled) throw SysError("copy", ECANCELED);
      work();
    } catch (const SysError& failure) {
      throw SysError(failure.call(), failure.number(), place->path(name), failure.detail());
    }
  }

  void enter(UniqueFd source, UniqueFd target, PlaceRef place) {
    const struct stat from = statOf(source.get());
    const struct stat to = statOf(target.get());
    levels_.push_back({std::move(source), std::move(target), from, to, std::move(place), {}});
    if (levels_.size() > openLevels) {
      Level& far = levels_[levels_.size() - openLevels - 1];
      far.source.reset();
      far.target.reset();
    }
    list();
  }

  /// Copies what is no directory at once: only names of directories are kept.
  void list() {
    const int source = levels_.back().source.get();
    std::array<char, 32768> buffer;  // NOLINT: filled by the kernel
    for (;;) {
      const ssize_t got = LX_SYS(::getdents64(source, buffer.data(), buffer.size()));
      if (got == 0) return;
      for (ssize_t offset = 0; offset < got;) {
        const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + offset);
        offset += entry->d_reclen;
        const std::string name = entry->d_name;
        if (name == "." || name == "..") continue;
        if (entry->d_type == DT_DIR) levels_.back().below.push_back(name);
        else at(name, [&] { copyEntry(name); });
      }
    }
  }

  void descend(const std::string& name) {
    const Level& above = levels_.back();
    std::optional<UniqueFd> source;
    try {
      source = take(above.source.get(), name.c_str(), O_RDONLY | O_DIRECTORY);
    } catch (const SysError& failure) {
      // It is another thing by now.
      if (failure.number() == ENOTDIR || failure.number() == ELOOP) return copyEntry(name);
      throw;
    }
    if (!source) return;
    if (already(::mkdirat(above.target.get(), name.c_str(), 0700), "mkdirat")) return;
    UniqueFd target = LX_SYS_FD(::openat(above.target.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    enter(std::move(*source), std::move(target), std::make_shared<Place>(Place{above.place, name}));
  }

  void leave() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty()) reopen(level, levels_.back());
    copyAttributes(level.source.get(), level.target.get(), level.from);
  }

  /// A directory that was closed on the way down is the one above again, or the tree is not what it was.
  static void reopen(const Level& level, Level& above) {
    if (above.source.valid()) return;
    above.source = parentOf(level.source.get(), above.from);
    above.target = parentOf(level.target.get(), above.to);
  }

  static UniqueFd parentOf(int directory, const struct stat& expected) {
    UniqueFd parent = LX_SYS_FD(::openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    const struct stat found = statOf(parent.get());
    if (found.st_dev != expected.st_dev || found.st_ino != expected.st_ino) throw SysError("openat", ESTALE, "..");
    return parent;
  }

  void copyEntry(const std::string& name) {
    Level& level = levels_.back();
    const auto entry = take(level.source.get(), name.c_str(), O_PATH);
    if (!entry) return;
    const struct stat info = statOf(entry->get());
    if (S_ISDIR(info.st_mode)) return void(level.below.push_back(name));
    if (info.st_nlink > 1 && linked(level, name, info)) return;
    if (S_ISREG(info.st_mode)) copyFile(level, name, entry->get(), info);
    else copySpecial(level, name, entry->get(), info);
    if (info.st_nlink > 1) links_[{info.st_dev, info.st_ino}] = {level.place, name};
  }

  void copyFile(const Level& level, const std::string& name, int entry, const struct stat& info) {
    const UniqueFd from = readable(entry);
    const UniqueFd to(::openat(level.target.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (already(to.get(), "openat")) return;
    content_.copy(from.get(), to.get(), info);
    copyAttributes(from.get(), to.get(), info);
  }

  static void copySpecial(const Level& level, const std::string& name, int entry, const struct stat& info) {
    const int target = level.target.get();
    const int result = S_ISLNK(info.st_mode) ? ::symlinkat(linkOf(entry).c_str(), target, name.c_str())
                                             : ::mknodat(target, name.c_str(), (info.st_mode & S_IFMT) | 0600, info.st_rdev);
    if (already(result, S_ISLNK(info.st_mode) ? "symlinkat" : "mknodat")) return;
    const UniqueFd made = LX_SYS_FD(::openat(target, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    copyAttributes(entry, made.get(), info);
  }

  /// Whether the file is there under another name, and has this one too now.
  bool linked(const Level& level, const std::string& name, const struct stat& info) {
    const auto known = links_.find({info.st_dev, info.st_ino});
    if (known == links_.end()) return false;
    const auto& [place, first] = known->second;
    const UniqueFd found = place == level.place ? UniqueFd() : find(*place);
    const int directory = found.valid() ? found.get() : level.target.get();
    if (::linkat(directory, first.c_str(), level.target.get(), name.c_str(), 0) == 0) return true;
    // The source had as many as it can have.
    if (errno == EMLINK) return false;
    return already(-1, "linkat");
  }

  /// A directory of the copy.
  [[nodiscard]] UniqueFd find(const Place& place) const {
    std::vector<const Place*> way;
    for (const Place* step = &place; step->above != nullptr; step = step->above.get()) way.push_back(step);
    UniqueFd found = LX_SYS_FD(::fcntl(root_.get(), F_DUPFD_CLOEXEC, 0));
    for (; !way.empty(); way.pop_back())
      found = LX_SYS_FD(::openat(found.get(), way.back()->name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    return found;
  }

  Watch& watch_;
  Content content_;
  UniqueFd root_;
  std::vector<Level> levels_;
  std::map<std::pair<dev_t, ino_t>, Linked> links_;
};

}  // namespace

void copy(int from, const std::string& to, Watch& watch) { TreeCopy(watch).run(from, to); }

}  // namespace lx::tree
