#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "files/packet.h"

namespace lx::files {

/// Attributes of a file as SFTP version 3 has them; each pair only as a whole.
struct Attributes {
  std::optional<uint64_t> size;
  std::optional<std::pair<uint32_t, uint32_t>> owner;
  std::optional<uint32_t> mode;
  std::optional<std::pair<uint32_t, uint32_t>> times;
};

Attributes readAttributes(PacketReader& in);
void writeAttributes(PacketWriter& out, const struct stat& info);
/// A line as `ls -l` shows it, which clients print as it is.
std::string longName(std::string_view name, const struct stat& info);

/// Applied to an open file. 0, or -1 with errno.
int apply(int fd, const Attributes& wanted);
/// Applied to what the path leads to, or to the link itself.
int apply(const char* path, const Attributes& wanted, bool follow);

}  // namespace lx::files
