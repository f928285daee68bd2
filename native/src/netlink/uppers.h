#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "netlink/address.h"
#include "netlink/socket.h"

namespace lx::netlink {

/// A link that lives on another one of the socket's namespace, born in the namespace of a process.
struct Upper {
  std::string name;
  std::string parent;
  pid_t namespacePid = 0;
  std::optional<Mac> mac;
  std::optional<uint32_t> mtu;
};

/// Macvlans of one parent reach each other (mode bridge).
void createMacvlan(Socket& socket, const Upper& upper);
/// `mode`: IPVLAN_MODE_ of if_link.h.
void createIpvlan(Socket& socket, const Upper& upper, uint16_t mode);
void createVlan(Socket& socket, const Upper& upper, uint16_t id);

}  // namespace lx::netlink
