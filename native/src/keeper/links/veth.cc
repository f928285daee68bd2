#include <net/if.h>

#include <cerrno>
#include <string>

#include "base/read.h"
#include "base/sys_error.h"
#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

namespace {

/// Or the guest, as a router on the cable, could give the host an address and a way out (ip-sysctl: accept_ra).
void refuseAdvertisements(const char* link) {
  try {
    writeFile(std::string("/proc/sys/net/ipv6/conf/") + link + "/accept_ra", "0");
  } catch (const SysError& error) {
    // The kernel has no IPv6.
    if (error.number() != ENOENT) throw;
  }
}

void isolate(const char* link, netlink::Socket& host) {
  netlink::LinkChange change;
  change.isolated = true;
  change.up = true;
  netlink::setLink(host, link, change);
}

}  // namespace

void read(Reader& in, VethLink& link) { link = {in.text(), in.optionalText(), in.optionalText()}; }

void make(const VethLink& link, const LinkEnd& inside, LinkSite& site, MadeLink&) {
  netlink::Veth veth;
  veth.name = link.hostName;
  veth.peer = inside.name;
  veth.peerNamespacePid = site.child();
  if (link.bridge != nullptr) veth.bridge = link.bridge;
  if (link.hostMac != nullptr) veth.mac = netlink::parseMac(link.hostMac);
  if (inside.mac != nullptr) veth.peerMac = netlink::parseMac(inside.mac);
  veth.mtu = inside.mtu;
  veth.group = link.group;
  // Only when it is isolated, for the guest may run.
  veth.up = !link.isolated;
  netlink::createVeth(site.host(), veth);
  if (link.bridge != nullptr && !link.isolated) return;
  try {
    if (link.isolated) isolate(link.hostName, site.host());
    else refuseAdvertisements(link.hostName);
  } catch (const SysError&) {
    netlink::deleteLink(site.host(), link.hostName);
    throw;
  }
}

/// The kernel deletes both ends.
void unmake(const VethLink& link, LinkSite& site, const MadeLink&) { netlink::deleteLink(site.host(), link.hostName); }

bool gone(const VethLink& link, LinkSite&, const MadeLink&) { return ::if_nametoindex(link.hostName) == 0; }

}  // namespace lx::keeper
