#include "base/read.h"

#include <fcntl.h>

#include "base/sys_error.h"

namespace lx {

std::string readAll(int fd, const std::string& subject) {
  std::string content;
  size_t filled = 0;
  for (;;) {
    if (content.size() - filled < 2048) content.resize(content.size() + (content.empty() ? 4096 : content.size()));
    const ssize_t got = ::pread(fd, content.data() + filled, content.size() - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SysError("pread", errno, subject);
    if (got == 0) break;
    filled += static_cast<size_t>(got);
  }
  content.resize(filled);
  return content;
}

std::string readFile(const std::string& path) {
  const UniqueFd file = LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
  return readAll(file.get(), path);
}

void writeFile(const std::string& path, const std::string& content) {
  const UniqueFd file = LX_SYS_FD(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path);
  const ssize_t written = LX_SYS(::write(file.get(), content.data(), content.size()), path);
  if (static_cast<size_t>(written) != content.size()) throw SysError("write", EIO, path, "short write");
}

}  // namespace lx
