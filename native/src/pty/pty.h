#pragma once

#include <cstdint>

namespace lx::pty {

/// TIOCSWINSZ on either end; the kernel sends SIGWINCH to the foreground process group.
void setWindowSize(int fd, uint16_t columns, uint16_t rows);

}  // namespace lx::pty
