#include "keeper/links/limits.h"

#include <net/if.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <type_traits>

#include "base/sys_error.h"
#include "netlink/links.h"
#include "netlink/shaping.h"

namespace lx::keeper {

namespace {

/// The ifb of a cable, whose name follows from that of the cable's end, so that whoever clears up knows it: FNV-1a.
std::string ifbOf(const char* hostName) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char* at = hostName; *at != 0; ++at) hash = (hash ^ static_cast<uint8_t>(*at)) * 0x100000001b3;
  char name[IFNAMSIZ];
  std::snprintf(name, sizeof name, "ifb%012llx", static_cast<unsigned long long>(hash & 0xffffffffffff));
  return name;
}

constexpr uint64_t bytesOf(uint64_t bits) { return bits / 8; }

}  // namespace

const char* hostEndOf(const LinkKind& kind) {
  return std::visit(
      [](const auto& link) -> const char* {
        if constexpr (requires { link.hostName; }) return link.hostName;
        else return nullptr;
      },
      kind);
}

void limit(netlink::Socket& host, const char* hostName, const LinkLimits& limits) try {
  if (limits.in > 0) netlink::shapeSending(host, hostName, bytesOf(limits.in));
  else netlink::sendFreely(host, hostName);
  if (limits.out > 0) {
    const std::string ifb = ifbOf(hostName);
    netlink::makeIfb(host, ifb);
    netlink::shapeSending(host, ifb, bytesOf(limits.out));
    netlink::receiveBy(host, hostName, ifb);
  } else {
    // First, or what arrives would be lost in between.
    netlink::receiveDirectly(host, hostName);
    dropLimits(host, hostName);
  }
} catch (const SysError& error) {
  // Told of the cable, which is what the daemon knows.
  throw SysError("limit", error.number(), hostName, error.what());
}

void dropLimits(netlink::Socket& host, const char* hostName) {
  const std::string ifb = ifbOf(hostName);
  if (::if_nametoindex(ifb.c_str()) == 0) return;
  try {
    if (netlink::readLink(host, ifb).kind == "ifb") netlink::deleteLink(host, ifb);
  } catch (const SysError& error) {
    if (error.number() != ENODEV) throw;
  }
}

bool limitsGone(const char* hostName) { return ::if_nametoindex(ifbOf(hostName).c_str()) == 0; }

}  // namespace lx::keeper
