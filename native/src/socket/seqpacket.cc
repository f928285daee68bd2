#include "socket/seqpacket.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstring>

#include "base/sys_error.h"

namespace lx::socket {

namespace {

int typeOf(Mode mode) { return SOCK_SEQPACKET | SOCK_CLOEXEC | (mode == Mode::nonblocking ? SOCK_NONBLOCK : 0); }

/// A socket address for a path of any length; `directory` holds the fd that a long one goes through.
struct Address {
  sockaddr_un name{};
  UniqueFd directory;

  explicit Address(const std::string& path) {
    name.sun_family = AF_UNIX;
    std::string reachable = path;
    if (path.size() >= sizeof name.sun_path) {
      const size_t slash = path.rfind('/');
      const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
      directory = LX_SYS_FD(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), path);
      reachable = "/proc/self/fd/" + std::to_string(directory.get()) + "/" + path.substr(slash + 1);
    }
    if (reachable.empty() || reachable.size() >= sizeof name.sun_path) throw SysError("socket", ENAMETOOLONG, path);
    std::memcpy(name.sun_path, reachable.data(), reachable.size());
  }
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&name); }
};

void takeFds(const msghdr& header, std::vector<UniqueFd>& fds) {
  for (const cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr; control = CMSG_NXTHDR(const_cast<msghdr*>(&header), const_cast<cmsghdr*>(control))) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

void widen(int fd) {
  // The kernel doubles the value for its own bookkeeping. FORCE passes net.core.wmem_max but needs CAP_NET_ADMIN.
  const int size = 2 * static_cast<int>(kMaxMessage);
  if (::setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) == 0) return;
  LX_SYS(::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size));
}

UniqueFd listen(const std::string& path, Mode mode, int backlog) {
  const Address address(path);
  UniqueFd fd = LX_SYS_FD(::socket(AF_UNIX, typeOf(mode), 0), path);
  // bind(2) gives the file the socket inode's mode, so there is no moment in which others could connect.
  LX_SYS(::fchmod(fd.get(), 0600), path);
  LX_SYS(::bind(fd.get(), address.get(), sizeof address.name), path);
  LX_SYS(::listen(fd.get(), backlog), path);
  return fd;
}

UniqueFd connect(const std::string& path, Mode mode) {
  const Address address(path);
  UniqueFd fd = LX_SYS_FD(::socket(AF_UNIX, typeOf(mode), 0), path);
  widen(fd.get());
  LX_SYS(::connect(fd.get(), address.get(), sizeof address.name), path);
  return fd;
}

UniqueFd accept(int listener, Mode mode) {
  const int flags = SOCK_CLOEXEC | (mode == Mode::nonblocking ? SOCK_NONBLOCK : 0);
  for (;;) {
    UniqueFd fd(::accept4(listener, nullptr, nullptr, flags));
    if (fd.valid()) {
      widen(fd.get());
      return fd;
    }
    if (errno == EAGAIN || errno == ECONNABORTED) return fd;
    if (errno != EINTR) throw SysError("accept4", errno);
  }
}

std::pair<UniqueFd, UniqueFd> pair(Mode mode) {
  int ends[2];
  LX_SYS(::socketpair(AF_UNIX, typeOf(mode), 0, ends));
  std::pair<UniqueFd, UniqueFd> made{UniqueFd(ends[0]), UniqueFd(ends[1])};
  widen(ends[0]);
  widen(ends[1]);
  return made;
}

void send(int fd, std::span<const std::byte> data, std::span<const int> fds) {
  // An empty message cannot be told from the end of the connection.
  if (data.empty()) throw SysError("sendmsg", EINVAL, {}, "a message has at least one byte");
  if (fds.size() > kMaxFds) throw SysError("sendmsg", EINVAL, {}, "too many file descriptors");
  iovec part{const_cast<std::byte*>(data.data()), data.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    std::memset(control, 0, header.msg_controllen);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  while (::sendmsg(fd, &header, MSG_NOSIGNAL) < 0) {
    // ECONNRESET is told once, when the peer left with messages unread; the next try says EPIPE like every other.
    if (errno != EINTR && errno != ECONNRESET) throw SysError("sendmsg", errno);
  }
}

Receipt receive(int fd, Message& message) {
  message.data.clear();
  message.fds.clear();
  ssize_t size = 0;
  // MSG_TRUNC with MSG_PEEK tells the length of what waits, so no buffer of the largest size is kept.
  while ((size = ::recv(fd, nullptr, 0, MSG_PEEK | MSG_TRUNC)) < 0) {
    if (errno == EAGAIN) return Receipt::empty;
    // ECONNRESET is told once and before the messages that still wait: they are the peer's last words.
    if (errno != EINTR && errno != ECONNRESET) throw SysError("recv", errno);
  }
  if (size == 0) return Receipt::closed;
  message.data.resize(static_cast<size_t>(size));
  iovec part{message.data.data(), message.data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  while ((size = ::recvmsg(fd, &header, MSG_CMSG_CLOEXEC)) < 0) {
    if (errno != EINTR) throw SysError("recvmsg", errno);
  }
  takeFds(header, message.fds);
  // Fds are cut off when this process has no more free numbers: the message must not look whole.
  if ((header.msg_flags & MSG_CTRUNC) != 0) throw SysError("recvmsg", EMFILE, {}, "file descriptors of a message were lost");
  message.data.resize(static_cast<size_t>(size));
  return Receipt::message;
}

bool hasEnded(int fd) {
  char first = 0;
  for (;;) {
    const ssize_t size = ::recv(fd, &first, sizeof first, MSG_PEEK | MSG_DONTWAIT);
    if (size >= 0) return size == 0;
    if (errno != EINTR && errno != ECONNRESET) return errno != EAGAIN;
  }
}

ucred peerCredentials(int fd) {
  ucred peer{};
  socklen_t size = sizeof peer;
  LX_SYS(::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size));
  return peer;
}

}  // namespace lx::socket
