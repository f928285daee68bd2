#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/read.h"
#include "base/sys_error.h"
#include "keeper/links/kinds.h"
#include "keeper/wire.h"
#include "netlink/addresses.h"
#include "netlink/proxies.h"
#include "netlink/routes.h"

namespace lx::keeper {

namespace {

void readTexts(Reader& in, std::vector<const char*>& texts) {
  texts.resize(in.count(5));
  for (auto& text : texts) text = in.text();
}

/// What the packet filter knows cables to routed containers by: libs/network/src/firewall.ts has the other side.
constexpr uint32_t kRoutedGroup = 27768;

bool hasIpv6(const RoutedLink& link) {
  return std::any_of(link.families.begin(), link.families.end(), [](const auto& family) { return std::strchr(family.hostAddress, ':') != nullptr; });
}

/// What comes from the container goes on, if it says that it is from an address that leads back there: for IPv4 by rp_filter
/// (ip-sysctl), for IPv6, which has none, by the packet filter.
void forward(const RoutedLink& link) {
  const std::string ipv4 = std::string("/proc/sys/net/ipv4/conf/") + link.hostName;
  writeFile(ipv4 + "/rp_filter", "1");
  writeFile(ipv4 + "/forwarding", "1");
  if (!hasIpv6(link)) return;
  const std::string ipv6 = std::string("/proc/sys/net/ipv6/conf/") + link.hostName;
  writeFile(ipv6 + "/disable_ipv6", "0");
  writeFile(ipv6 + "/forwarding", "1");
}

void routeTo(const RoutedLink& link, const RoutedLink::Family& family, netlink::Socket& host) {
  netlink::addAddress(host, link.hostName, family.hostAddress);
  std::vector<std::optional<uint32_t>> tables{std::nullopt};
  if (family.table) tables.push_back(family.table);
  for (const auto& table : tables) {
    for (const char* address : family.addresses) netlink::addRoute(host, {address, std::nullopt, link.hostName, table});
    for (const char* route : family.routes) netlink::addRoute(host, {route, family.addresses[0], link.hostName, table});
  }
  if (link.parent == nullptr) return;
  for (const char* address : family.addresses) netlink::addProxy(host, link.parent, address);
}

/// EEXIST: of a guest that runs and has one.
void addUnlessThere(netlink::Socket& socket, const netlink::RouteRequest& route) {
  try {
    netlink::addRoute(socket, route);
  } catch (const SysError& error) {
    if (error.number() != EEXIST) throw;
  }
}

void settle(const RoutedLink::Family& family, const char* name, netlink::Socket& inside) {
  for (const char* address : family.addresses) netlink::addAddress(inside, name, address);
  if (!family.gateway) return;
  addUnlessThere(inside, {family.hostAddress, std::nullopt, name, std::nullopt});
  addUnlessThere(inside, {"default", family.hostAddress, name, std::nullopt});
}

}  // namespace

void read(Reader& in, RoutedLink& link) {
  link.hostName = in.text();
  link.parent = in.optionalText();
  link.families.resize(in.count(15));
  for (auto& family : link.families) {
    family.hostAddress = in.text();
    family.gateway = in.flag();
    if (in.flag()) family.table = in.u32();
    readTexts(in, family.addresses);
    readTexts(in, family.routes);
    if (family.addresses.empty()) in.refuse();
  }
}

void make(const RoutedLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made) {
  VethLink cable{link.hostName, nullptr, nullptr};
  cable.group = kRoutedGroup;
  make(cable, inside, site, made);
  try {
    forward(link);
    netlink::LinkChange up;
    up.up = true;
    netlink::setLink(site.inside(), inside.name, up);
    for (const auto& family : link.families) {
      routeTo(link, family, site.host());
      settle(family, inside.name, site.inside());
    }
  } catch (const SysError&) {
    unmake(link, site, made);
    throw;
  }
}

/// The kernel deletes addresses and routes with the cable, but for the parent's part. Another container may have an address that could
/// not be had here: what is not routed to this cable is left alone.
void unmake(const RoutedLink& link, LinkSite& site, const MadeLink& made) {
  const auto index = static_cast<int>(::if_nametoindex(link.hostName));
  for (const auto& family : link.families) {
    for (const char* address : family.addresses) {
      try {
        if (link.parent != nullptr && index != 0 && netlink::linkTowards(site.host(), address) == index)
          netlink::deleteProxy(site.host(), link.parent, address);
      } catch (const SysError&) {
        // ENODEV, ENOENT: gone with the parent, or by somebody's hand.
      }
    }
  }
  unmake(VethLink{link.hostName, nullptr, nullptr}, site, made);
}

bool gone(const RoutedLink& link, LinkSite& site, const MadeLink& made) { return gone(VethLink{link.hostName, nullptr, nullptr}, site, made); }

}  // namespace lx::keeper
