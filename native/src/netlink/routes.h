#pragma once

#include <optional>
#include <string>
#include <vector>

#include "netlink/socket.h"

namespace lx::netlink {

/// A unicast route of the main table.
struct Route {
  /// AF_INET or AF_INET6.
  uint8_t family = 0;
  /// CIDR, or "default" (for IPv6 told apart by the gateway; without one it is IPv4's).
  std::string destination;
  std::optional<std::string> gateway;
  int index = 0;
};

std::vector<Route> listRoutes(Socket& socket);

struct RouteRequest {
  std::string destination;
  std::optional<std::string> gateway;
  std::optional<std::string> link;
  /// Main where none is said.
  std::optional<uint32_t> table = std::nullopt;
};
void addRoute(Socket& socket, const RouteRequest& route);
void deleteRoute(Socket& socket, const RouteRequest& route);
/// Index of the link by which the kernel sends to `address`; 0: it does not.
int linkTowards(Socket& socket, const std::string& address);

}  // namespace lx::netlink
