#include "keeper/own_file.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys_error.h"

namespace lx::keeper {

OwnFile::OwnFile(std::string path) : path_(std::move(path)), events_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  struct stat info {};
  LX_SYS(::lstat(path_.c_str(), &info), path_);
  device_ = info.st_dev;
  inode_ = info.st_ino;
  if (!events_.valid()) return;
  // ATTRIB: the count of its links changes at once, while a socket that is bound keeps the file itself alive.
  ::inotify_add_watch(events_.get(), path_.c_str(), IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF);
  const std::string directory = path_.substr(0, path_.rfind('/'));
  ::inotify_add_watch(events_.get(), directory.c_str(), IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR);
}

bool OwnFile::isGone() {
  char events[4096];
  while (::read(events_.get(), events, sizeof events) > 0) {
  }
  return !isThere();
}

bool OwnFile::isThere() const {
  struct stat info {};
  return ::lstat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_;
}

}  // namespace lx::keeper
