#include "keeper/written_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>

#include "keeper/report.h"
#include "keeper/root.h"

namespace lx::keeper {

namespace {

constexpr const char* kStage = "template";
/// A pipe without a reader is refused, and nothing is waited for.
constexpr uint64_t kFlags = O_WRONLY | O_NONBLOCK | O_NOCTTY;

bool writeAll(int fd, const MountStep& step) {
  for (size_t at = 0; at < step.contentSize;) {
    const ssize_t size = ::write(fd, static_cast<const char*>(step.content) + at, step.contentSize - at);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    at += static_cast<size_t>(size);
  }
  return true;
}

void rewrite(int status, const MountStep& step) {
  int fd = openTarget(step.target, kFlags);
  // A link to what is not there.
  if (fd < 0 && errno == ENOENT) fd = openTarget(step.target, kFlags | O_CREAT, step.mode);
  if (fd < 0) fail(status, kStage, "openat2(", step.target);
  struct stat found{};
  LX_MUST(status, kStage, ::fstat(fd, &found), step.target);
  if (!S_ISREG(found.st_mode)) {
    errno = EINVAL;
    fail(status, kStage, "openat2(", step.target);
  }
  LX_MUST(status, kStage, ::ftruncate(fd, 0), step.target);
  if (!writeAll(fd, step)) fail(status, kStage, "write(", step.target);
  ::close(fd);
}

void create(int status, const MountStep& step) {
  char arriving[PATH_MAX];
  const int size = std::snprintf(arriving, sizeof arriving, "%s.lxctl-new", step.target);
  if (size < 0 || static_cast<size_t>(size) >= sizeof arriving) {
    errno = ENAMETOOLONG;
    fail(status, kStage, "openat2(", step.target);
  }
  makeDirectories(status, step.target, false);
  // What an attempt left that was killed.
  if (::unlink(arriving) < 0 && errno != ENOENT) fail(status, kStage, "unlink(", arriving);
  const int fd = openTarget(arriving, kFlags | O_CREAT | O_EXCL | O_NOFOLLOW, step.mode);
  if (fd < 0) fail(status, kStage, "openat2(", arriving);
  if (!writeAll(fd, step) || ::rename(arriving, step.target) < 0) {
    const int problem = errno;
    ::unlink(arriving);
    errno = problem;
    fail(status, kStage, "write(", step.target);
  }
  ::close(fd);
}

}  // namespace

void writeFileStep(int status, const MountStep& step) {
  struct stat found{};
  if (::lstat(step.target, &found) == 0) {
    if (!step.createOnly) rewrite(status, step);
    return;
  }
  if (errno != ENOENT) fail(status, kStage, "lstat(", step.target);
  create(status, step);
}

}  // namespace lx::keeper
