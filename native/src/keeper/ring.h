#pragma once

#include <cstddef>
#include <span>

#include "base/unique_fd.h"

namespace lx::keeper {

/// The last bytes of the console. Memory is touched only as far as it was filled.
class Ring {
 public:
  explicit Ring(size_t capacity);
  ~Ring();
  Ring(Ring&& other) noexcept;
  Ring& operator=(Ring&&) = delete;

  void append(std::span<const char> bytes);
  void clear();
  [[nodiscard]] size_t size() const { return size_; }
  /// Writes all to `fd`, oldest first. Throws SysError.
  void writeTo(int fd) const;
  /// A sealed memfd with the content.
  [[nodiscard]] UniqueFd snapshot() const;
  /// Replaces the file at `path`. Throws SysError.
  void save(const char* path) const;

 private:
  char* data_;
  size_t capacity_;
  /// Where the next byte goes.
  size_t end_ = 0;
  size_t size_ = 0;
};

}  // namespace lx::keeper
