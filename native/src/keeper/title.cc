#include "keeper/title.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

namespace lx::keeper {

namespace {

char* area = nullptr;
size_t areaSize = 0;

}  // namespace

void claimTitle(int argc, char** argv) {
  area = argv[0];
  // Arguments and environment lie one behind the other (execve puts them so); only as far as that holds.
  char* end = argv[0] + std::strlen(argv[0]) + 1;
  for (int i = 1; i < argc && argv[i] == end; ++i) end += std::strlen(argv[i]) + 1;
  for (char** entry = environ; *entry != nullptr && *entry == end; ++entry) {
    const size_t size = std::strlen(*entry) + 1;
    std::memset(*entry, 0, size);
    end += size;
  }
  areaSize = static_cast<size_t>(end - area);
  static char* none[] = {nullptr};
  environ = none;
}

void setTitle(const char* name) {
  ::prctl(PR_SET_NAME, "lxctl-keeper", 0, 0, 0);
  if (areaSize == 0) return;
  std::memset(area, 0, areaSize);
  std::snprintf(area, areaSize, "lxctl-keeper %s", name);
}

}  // namespace lx::keeper
