#include <fcntl.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/links/kinds.h"
#include "keeper/wire.h"

namespace lx::keeper {

namespace {

/// A network card whose container ends without its keeper would come back under the name it had inside, and a link that is no hardware
/// not at all. So a process of its own waits for the end of the keeper, with the network namespace in hand, and is left with nothing to do as a rule.
std::shared_ptr<UniqueFd> guard(const PhysicalLink& link, int inside, const MadeLink& made) {
  int ends[2];
  LX_SYS(::pipe2(ends, O_CLOEXEC));
  const UniqueFd ended(ends[0]);
  auto alive = std::make_shared<UniqueFd>(ends[1]);
  clone_args args{};
  const pid_t pid = LX_SYS(lx::clone3(args));
  if (pid != 0) return alive;
  // Nothing of the keeper's stays open here.
  const int waits = ::fcntl(ended.get(), F_DUPFD, 10);
  const int held = ::fcntl(inside, F_DUPFD, waits + 1);
  ::dup2(waits, 3);
  ::dup2(held, 4);
  ::syscall(SYS_close_range, 5U, ~0U, 0U);
  char byte = 0;
  while (::read(3, &byte, 1) < 0 && errno == EINTR) {
  }
  try {
    LinkSite site = LinkSite::held(4);
    unmake(link, site, made);
  } catch (const SysError&) {
    // ENODEV: it has been given back already.
  }
  ::_exit(0);
}

}  // namespace

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
  made.guard = guard(link, site.namespaceFd(), made);
}

/// Back to the host under its own name. Left to the kernel, a network card would keep the name and the address it had
/// inside, and a link that is no hardware would be deleted with the namespace.
void unmake(const PhysicalLink& link, LinkSite& site, const MadeLink& made) {
  if (made.index <= 0 || !site.hasInside()) return;
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
