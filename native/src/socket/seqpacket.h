#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/unique_fd.h"

// Unix sockets that keep message boundaries and carry file descriptors (unix(7), SOCK_SEQPACKET and SCM_RIGHTS).
namespace lx::socket {

/// Largest message that `send` is sure to pass (a LaunchPlan is some ten kilobytes).
constexpr size_t kMaxMessage = 200 * 1024;
/// The kernel's SCM_MAX_FD.
constexpr size_t kMaxFds = 253;

enum class Mode { blocking, nonblocking };

/// A listening socket at `path`, which must not exist; its file has mode 0600 from birth. Paths longer than sun_path
/// (107 bytes) are reached through /proc/self/fd/<their directory>.
UniqueFd listen(const std::string& path, Mode mode, int backlog = 128);
UniqueFd connect(const std::string& path, Mode mode);
/// The next connection; not valid when there is none yet (EAGAIN) or it is already gone.
UniqueFd accept(int listener, Mode mode);
/// A connected pair.
std::pair<UniqueFd, UniqueFd> pair(Mode mode);

/// Makes room for kMaxMessage in the send buffer; for sockets that did not come from here.
void widen(int fd);

/// Sends one message, at least one byte long. EAGAIN and EPIPE are thrown like the rest; no SIGPIPE.
void send(int fd, std::span<const std::byte> data, std::span<const int> fds = {});

enum class Receipt { message, empty, closed };
struct Message {
  std::vector<std::byte> data;
  /// Close-on-exec.
  std::vector<UniqueFd> fds;
};
/// Takes one message, of any length. `empty`: nothing there (EAGAIN). `closed`: the peer is gone.
Receipt receive(int fd, Message& message);

/// Whether the peer is gone and no message of it waits.
bool hasEnded(int fd);

/// SO_PEERCRED: who was at the other end when it was connected.
ucred peerCredentials(int fd);

}  // namespace lx::socket
