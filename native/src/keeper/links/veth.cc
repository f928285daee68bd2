#include <net/if.h>

#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

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
  veth.up = true;
  netlink::createVeth(site.host(), veth);
}

/// The kernel deletes both ends.
void unmake(const VethLink& link, LinkSite& site, const MadeLink&) { netlink::deleteLink(site.host(), link.hostName); }

bool gone(const VethLink& link, LinkSite&, const MadeLink&) { return ::if_nametoindex(link.hostName) == 0; }

}  // namespace lx::keeper
