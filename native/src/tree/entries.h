#pragma once

#include <dirent.h>

#include <array>
#include <string>

#include "base/sys_error.h"

namespace lx::tree {

/// Calls `use(name, type)` for what is in an open directory, from where it is read; until that answers false. Whether all were used.
template <typename Use>
bool eachEntry(int directory, Use use) {
  std::array<char, 32768> buffer;  // NOLINT: filled by the kernel
  for (;;) {
    const ssize_t got = LX_SYS(::getdents64(directory, buffer.data(), buffer.size()));
    if (got == 0) return true;
    for (ssize_t offset = 0; offset < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(buffer.data() + offset);
      offset += entry->d_reclen;
      const std::string name = entry->d_name;
      if (name != "." && name != ".." && !use(name, entry->d_type)) return false;
    }
  }
}

}  // namespace lx::tree
