#include <linux/if_link.h>

#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

void read(Reader& in, IpvlanLink& link) {
  link = {in.text(), in.u16()};
  if (link.mode >= IPVLAN_MODE_MAX) in.refuse();
}

void make(const IpvlanLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made) {
  netlink::createIpvlan(site.host(), upperOf(link.parent, inside, site), link.mode);
  made.index = netlink::linkIndex(site.inside(), inside.name);
}

void unmake(const IpvlanLink&, LinkSite& site, const MadeLink& made) { unmakeInside(site, made); }

bool gone(const IpvlanLink&, LinkSite& site, const MadeLink& made) { return goneInside(site, made); }

}  // namespace lx::keeper
