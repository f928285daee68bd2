#pragma once

#include <string>
#include <vector>

#include "netlink/address.h"
#include "netlink/socket.h"

namespace lx::netlink {

struct LinkAddress {
  int index = 0;
  /// AF_INET or AF_INET6.
  uint8_t family = 0;
  std::string address;
  uint8_t prefix = 0;
  /// RT_SCOPE_ value.
  uint8_t scope = 0;
};

/// The first `most` of them.
std::vector<LinkAddress> listAddresses(Socket& socket, size_t most = SIZE_MAX);
/// IPv6 addresses skip duplicate detection: on a bridge without ports it would never end, and nothing could bind.
void addAddress(Socket& socket, const std::string& link, const std::string& cidr);
void deleteAddress(Socket& socket, const std::string& link, const std::string& cidr);

}  // namespace lx::netlink
