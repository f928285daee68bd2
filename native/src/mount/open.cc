#include "mount/open.h"

#include "base/syscalls.h"
#include "base/sys_error.h"

namespace lx::mount {

UniqueFd openInRoot(int directory, const std::string& path, uint64_t flags, uint64_t mode) {
  open_how how{};
  how.flags = flags | O_CLOEXEC;
  // openat2 refuses a mode where no file can be made.
  how.mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? mode : 0;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  // EAGAIN: a rename or mount went on while ".." was resolved (openat2(2)); the next try is as safe as the first.
  for (int attempt = 0;; ++attempt) {
    UniqueFd fd(lx::openat2(directory, path.c_str(), how));
    if (fd.valid()) return fd;
    if (errno != EINTR && (errno != EAGAIN || attempt >= 100)) throw SysError("openat2", errno, path);
  }
}

}  // namespace lx::mount
