#include "cgroup/tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/read.h"
#include "base/sys_error.h"
#include "base/unique_fd.h"

namespace lx::cgroup {

namespace {

long long now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000LL + time.tv_nsec / 1000000;
}

UniqueFd openDirectory(int parent, const char* name) {
  return UniqueFd(::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

enum class Sweep { empty, descended, busy };

/// Removes the sub-directories of `directory` that are empty; steps into the first that is not.
Sweep sweep(UniqueFd& directory) {
  DIR* stream = ::fdopendir(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 3));
  if (stream == nullptr) return Sweep::busy;
  ::rewinddir(stream);
  Sweep result = Sweep::empty;
  for (const dirent* entry = ::readdir(stream); entry != nullptr; entry = ::readdir(stream)) {
    if (entry->d_type != DT_DIR || std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
    if (::unlinkat(directory.get(), entry->d_name, AT_REMOVEDIR) == 0 || errno == ENOENT) continue;
    UniqueFd below = openDirectory(directory.get(), entry->d_name);
    struct stat info {};
    // Two links: no directory below it, so it is held by processes.
    if (!below.valid() || ::fstat(below.get(), &info) < 0 || info.st_nlink <= 2) {
      result = Sweep::busy;
      continue;
    }
    directory = std::move(below);
    result = Sweep::descended;
    break;
  }
  ::closedir(stream);
  return result;
}

/// Removes what can be removed below `path`, with one open directory however deep a guest has nested its groups.
bool removeBelow(const char* path, long long deadline) {
  UniqueFd directory = openDirectory(AT_FDCWD, path);
  if (!directory.valid()) return errno == ENOENT;
  for (int depth = 0; now() <= deadline;) {
    const Sweep swept = sweep(directory);
    if (swept == Sweep::busy) return false;
    if (swept == Sweep::descended) {
      ++depth;
    } else if (depth == 0) {
      return true;
    } else {
      directory = UniqueFd(::openat(directory.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!directory.valid()) return false;
      --depth;
    }
  }
  return false;
}

/// Waits until the group may have become empty: v2 tells through cgroup.events, v1 says nothing.
void awaitChange(const std::string& path) {
  const UniqueFd events(::open((path + "/cgroup.events").c_str(), O_RDONLY | O_CLOEXEC));
  if (events.valid() && readAll(events.get()).find("populated 1") != std::string::npos) {
    pollfd watch{events.get(), POLLPRI, 0};
    ::poll(&watch, 1, 10);
    return;
  }
  const timespec moment{0, 200'000};
  ::nanosleep(&moment, nullptr);
}

void disableControllers(const std::string& path) {
  const std::string file = path + "/cgroup.subtree_control";
  const UniqueFd control(::open(file.c_str(), O_RDWR | O_CLOEXEC));
  if (!control.valid()) return;
  const std::string enabled = readAll(control.get(), file);
  for (size_t start = 0; start < enabled.size();) {
    const size_t end = enabled.find_first_of(" \n", start);
    const std::string word = "-" + enabled.substr(start, end - start);
    if (word.size() > 1 && ::write(control.get(), word.data(), word.size()) < 0) throw SysError("write", errno, file);
    if (end == std::string::npos) break;
    start = end + 1;
  }
}

}  // namespace

void create(const char* path) {
  if (::mkdir(path, 0755) < 0 && errno != EEXIST) throw SysError("mkdir", errno, path);
}

void delegate(const char* path, unsigned uid, unsigned gid) {
  const UniqueFd directory = openDirectory(AT_FDCWD, path);
  if (!directory.valid()) throw SysError("open", errno, path);
  LX_SYS(::fchown(directory.get(), uid, gid), path);
  for (const char* file : {"cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "tasks"}) {
    if (::fchownat(directory.get(), file, uid, gid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT) throw SysError("fchownat", errno, std::string(path) + "/" + file);
  }
}

void write(const char* path, const char* value) { writeFile(path, value); }

void clear(const char* path, int milliseconds) {
  const long long deadline = now() + milliseconds;
  while (!removeBelow(path, deadline) && now() < deadline) awaitChange(path);
  disableControllers(path);
}

bool remove(const char* path, int milliseconds) {
  const long long deadline = now() + milliseconds;
  for (;;) {
    if (::rmdir(path) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY && errno != ENOTEMPTY) throw SysError("rmdir", errno, path);
    if (removeBelow(path, deadline) && (::rmdir(path) == 0 || errno == ENOENT)) return true;
    if (now() >= deadline) return false;
    awaitChange(path);
  }
}

void killAll(const char* path) {
  for (const auto& [file, value] : {std::pair{"/cgroup.kill", "1"}, std::pair{"/freezer.state", "THAWED"}}) {
    const UniqueFd control(::open((std::string(path) + file).c_str(), O_WRONLY | O_CLOEXEC));
    // The files are there or not as the hierarchy has them; the caller has other means too.
    if (control.valid() && ::write(control.get(), value, std::strlen(value)) < 0) continue;
  }
}

}  // namespace lx::cgroup
