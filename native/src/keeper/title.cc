#include "keeper/title.h"

#include <elf.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

// From the linker: the start of the program in memory.
extern "C" const Elf64_Ehdr __ehdr_start;

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

void forgetLaunch() {
  ::malloc_trim(0);
  const auto* start = reinterpret_cast<const char*>(&__ehdr_start);
  const auto* segment = reinterpret_cast<const Elf64_Phdr*>(start + __ehdr_start.e_phoff);
  for (int i = 0; i < __ehdr_start.e_phnum; ++i, ++segment) {
    // Clean pages of a file: they are read again where they are needed. Never a segment that was written to.
    if (segment->p_type == PT_LOAD && (segment->p_flags & PF_W) == 0) ::madvise(reinterpret_cast<void*>(segment->p_vaddr), segment->p_memsz, MADV_DONTNEED);
  }
}

}  // namespace lx::keeper
