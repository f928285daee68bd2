#pragma once

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace lx::mount {

/// openat2(2) of `path` with `directory` as its root: no symlink, no "..", no absolute path leaves it.
UniqueFd openInRoot(int directory, const std::string& path, uint64_t flags, uint64_t mode);

}  // namespace lx::mount
