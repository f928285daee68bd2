#include "tree/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/sys_error.h"
#include "base/unique_fd.h"
#include "tree/attributes.h"

namespace lx::tree {

namespace {

UniqueFd open(const std::string& path) { return LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path); }

struct stat statOf(int fd, const std::string& path) {
  struct stat info {};
  LX_SYS(::fstat(fd, &info), path);
  return info;
}

}  // namespace

bool isEmpty(int directory, const std::string& path) {
  std::array<char, 4096> buffer;  // NOLINT: filled by the kernel
  for (;;) {
    const ssize_t got = LX_SYS(::getdents64(directory, buffer.data(), buffer.size()), path);
    if (got == 0) return true;
    for (ssize_t offset = 0; offset < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + offset);
      offset += entry->d_reclen;
      if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0) return false;
    }
  }
}

void makeLike(const std::string& like, const std::string& to) {
  if (::access(to.c_str(), F_OK) == 0) return;
  const UniqueFd from = open(like);
  const std::string made = to + ".new";
  if (::mkdir(made.c_str(), 0700) < 0 && errno != EEXIST) throw SysError("mkdir", errno, made);
  copyAttributes(from.get(), open(made).get(), statOf(from.get(), like), Kept::guests);
  LX_SYS(::rename(made.c_str(), to.c_str()), to);
}

bool isLike(const std::string& directory, const std::string& like) {
  const UniqueFd one = open(directory);
  const UniqueFd other = open(like);
  const struct stat is = statOf(one.get(), directory);
  const struct stat was = statOf(other.get(), like);
  return sameAttributes(one.get(), is, other.get(), was) && isEmpty(one.get(), directory);
}

}  // namespace lx::tree
