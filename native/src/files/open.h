#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>

#include "files/attributes.h"

namespace lx::files {

/// How a file is opened, as SFTP says it.
enum Flag : uint32_t { fRead = 1, fWrite = 2, fAppend = 4, fCreate = 8, fTruncate = 16, fExclusive = 32 };

/// Opens a regular file, or a directory to be looked at, and waits for nothing: EOPNOTSUPP of a pipe, a socket or a device. -1 with errno.
int openFile(const char* path, uint32_t wanted, mode_t mode);

/// 0, or -1 with errno.
int writeAll(int fd, std::string_view data, uint64_t offset);

/// Gives a file this content, or more of it. One that is made gets the owner and mode of `fresh`, and is not left when that fails; one
/// that is there keeps its own. 0, or -1 with errno.
int put(const char* path, bool append, const Attributes& fresh, std::string_view data);

}  // namespace lx::files
