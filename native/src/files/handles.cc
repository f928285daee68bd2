#include "files/handles.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace lx::files {

Handles::~Handles() {
  for (const auto& [number, open] : open_) end(open);
}

std::string Handles::add(Open open) {
  open_[++last_] = open;
  return {reinterpret_cast<const char*>(&last_), sizeof last_};
}

Handles::Open* Handles::find(std::string_view handle) {
  const auto found = open_.find(numberOf(handle));
  return found == open_.end() ? nullptr : &found->second;
}

int Handles::close(std::string_view handle) {
  const auto found = open_.find(numberOf(handle));
  if (found == open_.end()) {
    errno = EBADF;
    return -1;
  }
  const Open open = found->second;
  open_.erase(found);
  return end(open);
}

/// Numbers begin at 1, so 0 is nobody's.
uint32_t Handles::numberOf(std::string_view handle) {
  uint32_t number = 0;
  if (handle.size() == sizeof number) std::memcpy(&number, handle.data(), sizeof number);
  return number;
}

int Handles::end(const Open& open) { return open.directory != nullptr ? ::closedir(open.directory) : ::close(open.fd); }

}  // namespace lx::files
