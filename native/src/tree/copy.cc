#include "tree/copy.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/syscalls.h"
#include "base/sys_error.h"
#include "base/unique_fd.h"
#include "tree/attributes.h"
#include "tree/content.h"
#include "tree/directory.h"
#include "tree/earlier.h"
#include "tree/entries.h"

namespace lx::tree {

namespace {

/// Directories that are held open at a time, of one layer and of many. A guest can nest deeper than a process may have
/// descriptors.
constexpr size_t openLevels = 64;
constexpr size_t openLevelsOfMany = 8;

using Names = std::set<std::string>;

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

/// An open directory, and which one it is.
struct Opened {
  explicit Opened(UniqueFd opened) : fd(std::move(opened)) { LX_SYS(::fstat(fd.get(), &info)); }

  /// One that was closed on the way down is the one above `below` again, or the tree is not what it was.
  void reopen(const Opened& below) {
    if (fd.valid()) return;
    fd = LX_SYS_FD(::openat(below.fd.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat found {};
    LX_SYS(::fstat(fd.get(), &found));
    if (found.st_dev != info.st_dev || found.st_ino != info.st_ino) throw SysError("openat", ESTALE, "..");
  }

  UniqueFd fd;
  struct stat info {};
};

/// How overlayfs notes that a directory hides what is below it: containers have a user namespace, so it is never trusted.*.
constexpr const char* kOpaque = "user.overlay.opaque";

bool isOpaque(int directory) {
  char value = 0;
  return ::fgetxattr(directory, kOpaque, &value, 1) == 1 && value == 'y';
}

/// A directory on the way down.
struct Level {
  Opened target;
  PlaceRef place;
  /// Those of the layers that have it, the uppermost first; with the layer's number.
  std::map<size_t, Opened> sources;
  /// What lies below the layers is hidden by one of them.
  bool opaque = false;
  std::vector<std::string> below;
  /// The directory of an earlier copy; invalid where there is none, or where it is too deep to be held open.
  UniqueFd earlier;
  /// The directory that the copy lies over, where that has one here.
  std::optional<Opened> base;
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
  explicit TreeCopy(Watch& watch, Beside beside) : watch_(watch), content_(watch), beside_(std::move(beside)) {}

  void run(std::vector<UniqueFd> layers, const std::string& to) {
    const bool there = ::mkdir(to.c_str(), 0700) < 0;
    if (there && errno != EEXIST) throw SysError("mkdir", errno, to);
    UniqueFd target = LX_SYS_FD(::open(to.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), to);
    if (there && !isEmpty(target.get(), to)) throw SysError("mkdir", EEXIST, to);
    root_ = LX_SYS_FD(::fcntl(target.get(), F_DUPFD_CLOEXEC, 0));
    many_ = layers.size() > 1;
    Level top{Opened(std::move(target)), std::make_shared<Place>(), {}, false, {}, {}, {}};
    if (beside_.base.valid()) top.base.emplace(LX_SYS_FD(::openat(beside_.base.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
    if (beside_.before) top.earlier = LX_SYS_FD(::openat(beside_.before->root(), ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (beside_.now) beside_.now->begin(layers.front().get());
    for (UniqueFd& layer : layers) top.sources.emplace(top.sources.size(), std::move(layer));
    enter(std::move(top));
    while (!levels_.empty()) {
      if (levels_.back().below.empty()) {
        leave();
        continue;
      }
      const std::string name = std::move(levels_.back().below.back());
      levels_.back().below.pop_back();
      at(name, [&] { descend(name); });
    }
    if (beside_.now) beside_.now->end(std::move(root_));
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

  void enter(Level level) {
    levels_.push_back(std::move(level));
    const size_t open = many_ ? openLevelsOfMany : openLevels;
    if (levels_.size() > open) closeAt(levels_.size() - open - 1);
    Names seen;
    for (const auto& [layer, source] : levels_.back().sources) list(source.fd.get(), seen);
    if (levels_.back().base) hideOthers(seen);
  }

  /// What the tree below has here and the source has not.
  void hideOthers(const Names& seen) {
    const Level& level = levels_.back();
    eachEntry(level.base->fd.get(), [&](const std::string& name, unsigned char /*type*/) {
      if (seen.contains(name)) return true;
      at(name, [&] { already(::mknodat(level.target.fd.get(), name.c_str(), S_IFCHR, 0), "mknodat"); });
      return true;
    });
  }

  /// But for layers that end here, which nothing leads back to: of those there is one a layer at most.
  void closeAt(size_t depth) {
    Level& level = levels_[depth];
    level.target.fd.reset();
    level.earlier.reset();
    if (levels_[depth + 1].base) level.base->fd.reset();
    for (auto& [layer, source] : level.sources)
      if (levels_[depth + 1].sources.contains(layer)) source.fd.reset();
  }

  /// Copies what is no directory at once: only names of directories are kept, and of what other layers may have too.
  void list(int source, Names& seen) {
    eachEntry(source, [&](const std::string& name, unsigned char type) {
      if (!isNew(name, seen)) return true;
      if (type == DT_DIR) levels_.back().below.push_back(name);
      else at(name, [&] { copyEntry(source, name); });
      return true;
    });
  }

  bool isNew(const std::string& name, Names& seen) const {
    return (levels_.back().sources.size() == 1 && !levels_.back().base) || seen.insert(name).second;
  }

  /// Into a directory, of every layer that adds to it.
  void descend(const std::string& name) {
    const Level& above = levels_.back();
    std::map<size_t, Opened> sources;
    bool opaque = false;
    for (const auto& [layer, source] : above.sources) {
      std::optional<UniqueFd> found;
      try {
        found = take(source.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY);
      } catch (const SysError& failure) {
        if (failure.number() != ENOTDIR && failure.number() != ELOOP) throw;
        // It is another thing by now; or another layer's, which the directory above it hides.
        if (sources.empty()) return copyEntry(source.fd.get(), name);
        opaque = true;
        break;
      }
      if (!found) continue;
      opaque = many_ && isOpaque(found->get());
      sources.emplace(layer, std::move(*found));
      if (opaque) break;
    }
    if (sources.empty() || already(::mkdirat(above.target.fd.get(), name.c_str(), 0700), "mkdirat")) return;
    UniqueFd target = LX_SYS_FD(::openat(above.target.fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    UniqueFd before(above.earlier.valid() ? ::openat(above.earlier.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1);
    enter({Opened(std::move(target)), std::make_shared<Place>(Place{above.place, name}), std::move(sources), opaque, {}, std::move(before), baseOf(above, name)});
  }

  /// The directory of this name in the tree below; a thing of another kind is hidden by one that comes.
  static std::optional<Opened> baseOf(const Level& above, const std::string& name) {
    if (!above.base) return std::nullopt;
    UniqueFd found(::openat(above.base->fd.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (found.valid()) return Opened(std::move(found));
    if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP) throw SysError("openat", errno);
    return std::nullopt;
  }

  void leave() {
    const Level level = std::move(levels_.back());
    levels_.pop_back();
    if (!levels_.empty()) {
      Level& above = levels_.back();
      above.target.reopen(level.target);
      for (const auto& [layer, source] : level.sources) above.sources.at(layer).reopen(source);
      if (level.base) above.base->reopen(*level.base);
    }
    const Opened& uppermost = level.sources.begin()->second;
    if (!levels_.empty() && level.base && isBelow(level, uppermost)) return;
    if (level.opaque) LX_SYS(::fsetxattr(level.target.fd.get(), kOpaque, "y", 1, 0));
    copyAttributes(uppermost.fd.get(), level.target.fd.get(), uppermost.info, kept());
  }

  /// Whether all of a directory is in the tree below as it is; then the copy has none.
  [[nodiscard]] bool isBelow(const Level& level, const Opened& source) const {
    if (!sameAttributes(source.fd.get(), source.info, level.base->fd.get(), level.base->info)) return false;
    if (::unlinkat(levels_.back().target.fd.get(), level.place->name.c_str(), AT_REMOVEDIR) == 0) return true;
    if (errno != ENOTEMPTY && errno != EEXIST) throw SysError("unlinkat", errno);
    return false;
  }

  /// What a guest has noted as overlayfs does means nothing in a tree that is compared, and would over another one.
  [[nodiscard]] Kept kept() const { return beside_.base.valid() ? Kept::guests : Kept::all; }

  void copyEntry(int source, const std::string& name) {
    Level& level = levels_.back();
    const auto entry = take(source, name.c_str(), O_PATH);
    if (!entry) return;
    struct stat info {};
    LX_SYS(::fstat(entry->get(), &info));
    if (S_ISDIR(info.st_mode)) return void(level.below.push_back(name));
    if (info.st_nlink > 1 && linked(level, name, info)) return;
    if (level.base && info.st_nlink == 1 && isBelow(level, name, entry->get(), info)) return;
    if (S_ISREG(info.st_mode)) copyFile(level, name, entry->get(), info);
    else copySpecial(level, name, entry->get(), info);
    if (info.st_nlink > 1) links_[{info.st_dev, info.st_ino}] = {level.place, name};
  }

  /// Whether the tree below has the same under this name.
  bool isBelow(const Level& level, const std::string& name, int entry, const struct stat& info) {
    const UniqueFd found(::openat(level.base->fd.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!found.valid()) return false;
    struct stat was {};
    LX_SYS(::fstat(found.get(), &was));
    if ((was.st_mode & S_IFMT) != (info.st_mode & S_IFMT) || was.st_size != info.st_size || was.st_rdev != info.st_rdev) return false;
    if (S_ISLNK(info.st_mode)) return sameAttributes(entry, info, found.get(), was) && linkOf(entry) == linkOf(found.get());
    if (!S_ISREG(info.st_mode)) return sameAttributes(entry, info, found.get(), was);
    const UniqueFd one = readable(entry);
    const UniqueFd other = readable(found.get());
    return sameAttributes(one.get(), info, other.get(), was) && content_.same(one.get(), other.get(), info.st_size);
  }

  void copyFile(const Level& level, const std::string& name, int entry, const struct stat& info) {
    if (takenOver(level, name, info)) return;
    const UniqueFd from = readable(entry);
    const UniqueFd to(::openat(level.target.fd.get(), name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (already(to.get(), "openat")) return;
    content_.copy(from.get(), to.get(), info);
    copyAttributes(from.get(), to.get(), info, kept());
    if (beside_.now) beside_.now->note(info, to.get());
  }

  /// Whether it was in the earlier copy as it is, and has been moved here.
  [[nodiscard]] bool takenOver(const Level& level, const std::string& name, const struct stat& info) const {
    const int from = level.earlier.get();
    if (!level.earlier.valid() || !beside_.before->holds(info, from, name)) return false;
    return !already(::renameat2(from, name.c_str(), level.target.fd.get(), name.c_str(), RENAME_NOREPLACE), "renameat2");
  }

  void copySpecial(const Level& level, const std::string& name, int entry, const struct stat& info) const {
    const int target = level.target.fd.get();
    const int result = S_ISLNK(info.st_mode) ? ::symlinkat(linkOf(entry).c_str(), target, name.c_str())
                                             : ::mknodat(target, name.c_str(), (info.st_mode & S_IFMT) | 0600, info.st_rdev);
    if (already(result, S_ISLNK(info.st_mode) ? "symlinkat" : "mknodat")) return;
    const UniqueFd made = LX_SYS_FD(::openat(target, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    copyAttributes(entry, made.get(), info, kept());
  }

  /// Whether the file is there under another name, and has this one too now.
  bool linked(const Level& level, const std::string& name, const struct stat& info) {
    const auto known = links_.find({info.st_dev, info.st_ino});
    if (known == links_.end()) return false;
    const auto& [place, first] = known->second;
    const UniqueFd found = place == level.place ? UniqueFd() : find(*place);
    const int directory = found.valid() ? found.get() : level.target.fd.get();
    if (::linkat(directory, first.c_str(), level.target.fd.get(), name.c_str(), 0) == 0) return true;
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
  const Beside beside_;
  bool many_ = false;
  UniqueFd root_;
  std::vector<Level> levels_;
  std::map<std::pair<dev_t, ino_t>, Linked> links_;
};

}  // namespace

void copy(std::vector<UniqueFd> layers, const std::string& to, Watch& watch, Beside beside) {
  TreeCopy(watch, std::move(beside)).run(std::move(layers), to);
}

}  // namespace lx::tree
