#include "tree/content.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/sys_error.h"

namespace lx::tree {

namespace {

/// Between two looks at whether somebody cancelled.
constexpr size_t pieceSize = 16U << 20U;
constexpr size_t bufferSize = 1U << 20U;

bool cannot(int number) { return number == EOPNOTSUPP || number == EXDEV || number == ENOTTY || number == ENOSYS; }

}  // namespace

void Content::copy(int from, int to, const struct stat& info) {
  const off_t size = info.st_size;
  if (size == 0) return;
  if (clone(from, to)) return count(static_cast<uint64_t>(size));
  if (info.st_blocks * 512 >= size) return copyRange(from, to, 0, size);
  for (off_t hole = 0; hole < size;) {
    const off_t data = ::lseek(from, hole, SEEK_DATA);
    // Nothing but a hole up to the end.
    if (data < 0 && errno == ENXIO) break;
    LX_SYS(data, "lseek");
    hole = std::min(size, LX_SYS(::lseek(from, data, SEEK_HOLE)));
    if (data < hole) copyRange(from, to, data, hole);
  }
  LX_SYS(::ftruncate(to, size));
}

bool Content::same(int one, int other, off_t size) {
  buffer_.resize(bufferSize);
  other_.resize(bufferSize);
  for (off_t at = 0; at < size;) {
    if (watch_.cancelled) throw SysError("copy", ECANCELED);
    const ssize_t got = LX_SYS(::pread(one, buffer_.data(), bufferSize, at));
    const ssize_t found = LX_SYS(::pread(other, other_.data(), bufferSize, at));
    if (got != found || got == 0 || std::memcmp(buffer_.data(), other_.data(), static_cast<size_t>(got)) != 0) return false;
    at += got;
  }
  count(static_cast<uint64_t>(size));
  return true;
}

bool Content::clone(int from, int to) {
  if (!clones_) return false;
  if (::ioctl(to, FICLONE, from) == 0) return true;
  const int number = errno;
  clones_ = !cannot(number);
  // A file of a kind that is not cloned (ioctl_ficlonerange(2)): without checksums, immutable, swapped to.
  if (!clones_ || number == EINVAL || number == EPERM || number == ETXTBSY) return false;
  throw SysError("ioctl", number, {}, "FICLONE");
}

void Content::copyRange(int from, int to, off_t begin, off_t end) {
  while (begin < end) {
    if (watch_.cancelled) throw SysError("copy", ECANCELED);
    const size_t moved = copyPiece(from, to, begin, std::min(static_cast<size_t>(end - begin), pieceSize));
    // Shorter than it was.
    if (moved == 0) return;
    begin += static_cast<off_t>(moved);
    count(moved);
  }
}

size_t Content::copyPiece(int from, int to, off_t at, size_t size) {
  if (ranges_) {
    off_t read = at;
    off_t written = at;
    const ssize_t moved = ::copy_file_range(from, &read, to, &written, size, 0);
    if (moved > 0) return static_cast<size_t>(moved);
    if (moved < 0 && cannot(errno)) ranges_ = false;
    else if (moved < 0 && errno != EINVAL && errno != EINTR) throw SysError("copy_file_range", errno);
  }
  // Also where nothing came over: some file systems say so instead of an error.
  buffer_.resize(bufferSize);
  const ssize_t got = LX_SYS(::pread(from, buffer_.data(), std::min(size, bufferSize), at));
  for (ssize_t done = 0; done < got;)
    done += LX_SYS(::pwrite(to, buffer_.data() + done, static_cast<size_t>(got - done), at + done));
  return static_cast<size_t>(got);
}

void Content::count(uint64_t bytes) {
  watch_.bytes += bytes;
  if (watch_.onBytes) watch_.onBytes();
}

}  // namespace lx::tree
