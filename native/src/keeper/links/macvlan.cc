#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

netlink::Upper upperOf(const char* parent, const LinkEnd& inside, const LinkSite& site) {
  netlink::Upper upper;
  upper.name = inside.name;
  upper.parent = parent;
  upper.namespacePid = site.child();
  if (inside.mac != nullptr) upper.mac = netlink::parseMac(inside.mac);
  upper.mtu = inside.mtu;
  return upper;
}

void unmakeInside(LinkSite& site, const MadeLink& made) {
  if (made.index != 0 && site.hasInside()) netlink::deleteLink(site.inside(), made.index);
}

bool goneInside(LinkSite& site, const MadeLink& made) {
  return made.index == 0 || !site.hasInside() || !netlink::hasLink(site.inside(), made.index);
}

void read(Reader& in, MacvlanLink& link) { link = {in.text()}; }

void make(const MacvlanLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made) {
  netlink::createMacvlan(site.host(), upperOf(link.parent, inside, site));
  made.index = netlink::linkIndex(site.inside(), inside.name);
}

/// The end of its namespace would delete it too, but later: until then no other may have its address on the parent.
void unmake(const MacvlanLink&, LinkSite& site, const MadeLink& made) { unmakeInside(site, made); }

bool gone(const MacvlanLink&, LinkSite& site, const MadeLink& made) { return goneInside(site, made); }

}  // namespace lx::keeper
