#include "pty/pty.h"

#include <sys/ioctl.h>

#include "base/sys_error.h"

namespace lx::pty {

void setWindowSize(int fd, uint16_t columns, uint16_t rows) {
  winsize size{};
  size.ws_col = columns;
  size.ws_row = rows;
  LX_SYS(::ioctl(fd, TIOCSWINSZ, &size));
}

}  // namespace lx::pty
