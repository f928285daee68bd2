#pragma once

#include <cstdint>
#include <string>

#include "netlink/socket.h"

// How fast a link sends and receives (tc(8)). The kernel shapes only what leaves a link, so what arrives is led through another
// link of its own kind, an ifb, and shaped where it leaves that. EOPNOTSUPP, ENOENT: the kernel lacks a part of it.
namespace lx::netlink {

/// What leaves the link is held back to this rate; again with another one.
void shapeSending(Socket& socket, const std::string& link, uint64_t bytesPerSecond);
/// Idempotent.
void sendFreely(Socket& socket, const std::string& link);

/// An ifb, up; one of that name that is there is taken. EEXIST: another link has the name.
void makeIfb(Socket& socket, const std::string& name);
/// All that arrives on the link goes by `ifb` first; again to another one.
void receiveBy(Socket& socket, const std::string& link, const std::string& ifb);
/// Idempotent.
void receiveDirectly(Socket& socket, const std::string& link);

}  // namespace lx::netlink
