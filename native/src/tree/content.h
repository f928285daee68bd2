#pragma once

#include <sys/stat.h>

#include <string>

#include "tree/copy.h"

namespace lx::tree {

/// Copies what is in files, one after the other, in the best way that the two file systems have.
class Content {
 public:
  explicit Content(Watch& watch) : watch_(watch) {}

  /// All of `from`, whose stat is `info`, into the empty file `to`.
  void copy(int from, int to, const struct stat& info);
  /// Whether two files of this size hold the same.
  bool same(int one, int other, off_t size);

 private:
  bool clone(int from, int to);
  void copyRange(int from, int to, off_t begin, off_t end);
  /// Returns the bytes that came over, 0 at the end of the file.
  size_t copyPiece(int from, int to, off_t at, size_t size);
  void count(uint64_t bytes);

  Watch& watch_;
  bool clones_ = true;
  bool ranges_ = true;
  std::string buffer_;
  std::string other_;
};

}  // namespace lx::tree
