#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

void read(Reader& in, VlanLink& link) {
  link = {in.text(), in.u16()};
  // 0 is for frames of no network, 4095 is reserved (802.1Q).
  if (link.id == 0 || link.id > 4094) in.refuse();
}

void make(const VlanLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made) {
  netlink::createVlan(site.host(), upperOf(link.parent, inside, site), link.id);
  made.index = netlink::linkIndex(site.inside(), inside.name);
}

void unmake(const VlanLink&, LinkSite& site, const MadeLink& made) { unmakeInside(site, made); }

bool gone(const VlanLink&, LinkSite& site, const MadeLink& made) { return goneInside(site, made); }

}  // namespace lx::keeper
