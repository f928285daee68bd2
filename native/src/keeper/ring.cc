#include "keeper/ring.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "base/sys_error.h"

namespace lx::keeper {

namespace {

void writeAll(int fd, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t written = ::write(fd, data, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw SysError("write", errno);
    data += written;
    size -= static_cast<size_t>(written);
  }
}

}  // namespace

Ring::Ring(size_t capacity) : capacity_(capacity) {
  void* memory = ::mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw SysError("mmap", errno);
  data_ = static_cast<char*>(memory);
}

Ring::Ring(Ring&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), capacity_(other.capacity_), end_(other.end_), size_(other.size_) {}

Ring::~Ring() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
}

void Ring::append(std::span<const char> bytes) {
  if (bytes.size() > capacity_) bytes = bytes.last(capacity_);
  const size_t first = std::min(bytes.size(), capacity_ - end_);
  std::memcpy(data_ + end_, bytes.data(), first);
  std::memcpy(data_, bytes.data() + first, bytes.size() - first);
  end_ = (end_ + bytes.size()) % capacity_;
  size_ = std::min(size_ + bytes.size(), capacity_);
}

void Ring::clear() {
  ::madvise(data_, capacity_, MADV_DONTNEED);
  end_ = size_ = 0;
}

void Ring::writeTo(int fd) const {
  const size_t start = (end_ + capacity_ - size_) % capacity_;
  const size_t first = std::min(size_, capacity_ - start);
  writeAll(fd, data_ + start, first);
  writeAll(fd, data_, size_ - first);
}

UniqueFd Ring::snapshot() const {
  UniqueFd fd = LX_SYS_FD(::memfd_create("console", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  writeTo(fd.get());
  LX_SYS(::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL));
  return fd;
}

void Ring::save(const char* path) const {
  const std::string fresh = std::string(path) + ".new";
  ::unlink(fresh.c_str());
  const UniqueFd file = LX_SYS_FD(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600), fresh);
  writeTo(file.get());
  // Over a file that is there, ext4 would write the new one out first (auto_da_alloc, ext4(5)): a stop would wait for the disk.
  ::unlink(path);
  LX_SYS(std::rename(fresh.c_str(), path), path);
}

}  // namespace lx::keeper
