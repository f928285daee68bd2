#include "proxy/address.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/sys_error.h"

namespace lx::proxy {

namespace {

bool isStream(Kind kind) { return kind != Kind::udp; }

Sock unixSock(const Address& address) {
  Sock sock;
  auto* to = reinterpret_cast<sockaddr_un*>(&sock.storage);
  const size_t lead = address.kind == Kind::abstract ? 1 : 0;
  if (address.host.empty() || lead + address.host.size() >= sizeof to->sun_path) throw SysError("bind", ENAMETOOLONG, address.host);
  to->sun_family = AF_UNIX;
  std::memcpy(to->sun_path + lead, address.host.data(), address.host.size());
  sock.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + lead + address.host.size() + (lead == 0 ? 1 : 0));
  return sock;
}

/// Left behind by one that was killed: there is a socket, and nobody at it.
bool isDead(const Sock& sock, const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) < 0 || !S_ISSOCK(info.st_mode)) return false;
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), sock.address(), sock.size) < 0 && errno == ECONNREFUSED;
}

void bindPath(int fd, const Sock& sock, const Address& address, const Owner& owner) {
  const mode_t before = ::umask(0177);
  int bound = ::bind(fd, sock.address(), sock.size);
  if (bound < 0 && errno == EADDRINUSE && isDead(sock, address.host) && ::unlink(address.host.c_str()) == 0) bound = ::bind(fd, sock.address(), sock.size);
  const int number = errno;
  ::umask(before);
  if (bound < 0) throw SysError("bind", number, address.host);
  LX_SYS(::lchown(address.host.c_str(), owner.uid, owner.gid), address.host);
  LX_SYS(::fchmodat(AT_FDCWD, address.host.c_str(), owner.mode, 0), address.host);
}

std::string text(const sockaddr_storage& storage, uint16_t& port) {
  char host[INET6_ADDRSTRLEN] = "";
  if (storage.ss_family == AF_INET) {
    const auto& in = reinterpret_cast<const sockaddr_in&>(storage);
    ::inet_ntop(AF_INET, &in.sin_addr, host, sizeof host);
    port = ntohs(in.sin_port);
  } else {
    const auto& in = reinterpret_cast<const sockaddr_in6&>(storage);
    ::inet_ntop(AF_INET6, &in.sin6_addr, host, sizeof host);
    port = ntohs(in.sin6_port);
  }
  return host;
}

}  // namespace

Sock sockOf(const Address& address) {
  if (address.kind == Kind::path || address.kind == Kind::abstract) return unixSock(address);
  Sock sock;
  auto& four = reinterpret_cast<sockaddr_in&>(sock.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(sock.storage);
  if (::inet_pton(AF_INET, address.host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(address.port);
    sock.size = sizeof four;
  } else if (::inet_pton(AF_INET6, address.host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(address.port);
    sock.size = sizeof six;
  } else {
    throw SysError("inet_pton", EINVAL, address.host);
  }
  return sock;
}

UniqueFd listenAt(const Address& address, const Owner& owner) {
  const Sock sock = sockOf(address);
  const int type = isStream(address.kind) ? SOCK_STREAM : SOCK_DGRAM;
  UniqueFd fd = LX_SYS_FD(::socket(sock.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), address.host);
  const int on = 1;
  // A port whose last connections are still on their way out may be listened at again.
  if (address.kind == Kind::tcp) LX_SYS(::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), address.host);
  if (address.kind == Kind::path) bindPath(fd.get(), sock, address, owner);
  else LX_SYS(::bind(fd.get(), sock.address(), sock.size), address.host);
  if (isStream(address.kind)) LX_SYS(::listen(fd.get(), SOMAXCONN), address.host);
  return fd;
}

std::string proxyHeader(int client) {
  Sock from, to;
  from.size = to.size = sizeof(sockaddr_storage);
  const bool known = ::getpeername(client, reinterpret_cast<sockaddr*>(&from.storage), &from.size) == 0 &&
                     ::getsockname(client, reinterpret_cast<sockaddr*>(&to.storage), &to.size) == 0;
  if (!known || (to.storage.ss_family != AF_INET && to.storage.ss_family != AF_INET6)) return "PROXY UNKNOWN\r\n";
  uint16_t source = 0, target = 0;
  const std::string family = to.storage.ss_family == AF_INET ? "TCP4 " : "TCP6 ";
  const std::string hosts = text(from.storage, source) + " " + text(to.storage, target);
  return "PROXY " + family + hosts + " " + std::to_string(source) + " " + std::to_string(target) + "\r\n";
}

}  // namespace lx::proxy
