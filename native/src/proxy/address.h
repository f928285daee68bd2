#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "base/unique_fd.h"

namespace lx::proxy {

enum class Kind : uint8_t { tcp = 0, udp = 1, path = 2, abstract = 3 };

/// An end of a proxy as its plan says it.
struct Address {
  Kind kind;
  /// A numeric address, or the name of a unix socket.
  std::string host;
  uint16_t port;
};

struct Sock {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// Throws SysError, EINVAL, for what is no address.
Sock sockOf(const Address& address);

/// Who may use a unix socket at a path.
struct Owner {
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
};

/// Listens, or binds for datagrams; does not block. A unix socket at which nobody listens any more is replaced. Throws SysError.
UniqueFd listenAt(const Address& address, const Owner& owner);

/// Words of the PROXY protocol, version 1, for a client that was accepted.
std::string proxyHeader(int client);

}  // namespace lx::proxy
