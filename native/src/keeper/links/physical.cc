#include <net/if.h>

#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

void read(Reader& in, PhysicalLink& link) { link = {in.text()}; }

void make(const PhysicalLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made) {
  const netlink::Link former = netlink::readLink(site.host(), link.parent);
  netlink::LinkMove move;
  move.index = former.index;
  move.name = inside.name;
  move.namespacePid = site.child();
  if (inside.mac != nullptr) move.mac = netlink::parseMac(inside.mac);
  move.mtu = inside.mtu;
  // Before the move: from then on the way back has to be open.
  site.inside();
  netlink::moveLink(site.host(), move);
  // The kernel keeps the number unless it is taken inside.
  made.index = netlink::linkIndex(site.inside(), inside.name);
  made.mac = former.mac;
  made.mtu = former.mtu;
  made.up = former.up;
}

/// Back to the host under its own name. Left to the kernel, a network card would keep the name and the address it had
/// inside, and a link that is no hardware would be deleted with the namespace.
void unmake(const PhysicalLink& link, LinkSite& site, const MadeLink& made) {
  if (made.index == 0 || !site.hasInside()) return;
  netlink::Socket& inside = site.inside();
  netlink::LinkMove move;
  move.index = made.index;
  move.name = link.parent;
  move.namespaceFd = site.home();
  if (!made.mac.empty()) move.mac = netlink::parseMac(made.mac);
  move.mtu = made.mtu;
  move.up = made.up;
  netlink::moveLink(inside, move);
}

bool gone(const PhysicalLink& link, LinkSite&, const MadeLink& made) { return made.index == 0 || ::if_nametoindex(link.parent) != 0; }

}  // namespace lx::keeper
