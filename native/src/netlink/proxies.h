#pragma once

#include <string>

#include "netlink/socket.h"

namespace lx::netlink {

/// `link` answers for `address` where it is asked who has that (arp(7)), and passes on what comes for it.
void addProxy(Socket& socket, const std::string& link, const std::string& address);
void deleteProxy(Socket& socket, const std::string& link, const std::string& address);

}  // namespace lx::netlink
