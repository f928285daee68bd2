#pragma once

#include <memory>
#include <string>

#include "base/unique_fd.h"
#include "keeper/links/plan.h"
#include "netlink/links.h"
#include "netlink/uppers.h"

namespace lx::keeper {

class Reader;

/// The two network namespaces that links are made and taken away between.
class LinkSite {
 public:
  /// `child`: who has the container's namespace, to make links.
  static LinkSite of(pid_t child) { return {child, -1}; }
  /// Of a namespace that is held already, to take links away; -1: it is gone, or nothing needs it.
  static LinkSite held(int inside) { return {-1, inside}; }

  [[nodiscard]] pid_t child() const { return child_; }
  netlink::Socket& host();
  /// A socket of the container's namespace, which is held from the first call on.
  netlink::Socket& inside();
  /// The container's, once it is held; else -1.
  [[nodiscard]] int namespaceFd() const { return namespace_; }
  [[nodiscard]] bool hasInside() const { return child_ >= 0 || namespace_ >= 0; }
  /// The host's namespace; only after `inside`.
  [[nodiscard]] int home() const { return home_.get(); }
  /// Who holds the container's namespace from now on; not valid when nothing needed it.
  UniqueFd takeNamespace() { return std::move(held_); }

 private:
  LinkSite(pid_t child, int inside) : child_(child), namespace_(inside) {}

  pid_t child_;
  int namespace_;
  UniqueFd held_;
  UniqueFd home_;
  std::optional<netlink::Socket> host_;
  std::optional<netlink::Socket> inside_;
};

/// A link that was made, and what is needed to take it away.
struct MadeLink {
  const LinkPlan* plan = nullptr;
  /// Inside, where a guest may give it any name; 0: not known there.
  int index = 0;
  /// Of a link that was lent: as it was on the host.
  std::string mac;
  uint32_t mtu = 0;
  bool up = false;
  /// Held as long as the link is lent: when it is let go of, by our end too, a process of its own gives the link back.
  std::shared_ptr<UniqueFd> guard;
};

// A kind is a file with four functions: `read` takes it from the plan's message, `make` makes it in the container's
// namespace, where the child sets it up; `unmake` takes it away, and may leave it to the kernel; `gone` says whether it is.

void read(Reader& in, VethLink& link);
void make(const VethLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made);
void unmake(const VethLink& link, LinkSite& site, const MadeLink& made);
bool gone(const VethLink& link, LinkSite& site, const MadeLink& made);

void read(Reader& in, MacvlanLink& link);
void make(const MacvlanLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made);
void unmake(const MacvlanLink& link, LinkSite& site, const MadeLink& made);
bool gone(const MacvlanLink& link, LinkSite& site, const MadeLink& made);

void read(Reader& in, PhysicalLink& link);
void make(const PhysicalLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made);
void unmake(const PhysicalLink& link, LinkSite& site, const MadeLink& made);
bool gone(const PhysicalLink& link, LinkSite& site, const MadeLink& made);

void read(Reader& in, IpvlanLink& link);
void make(const IpvlanLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made);
void unmake(const IpvlanLink& link, LinkSite& site, const MadeLink& made);
bool gone(const IpvlanLink& link, LinkSite& site, const MadeLink& made);

void read(Reader& in, VlanLink& link);
void make(const VlanLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made);
void unmake(const VlanLink& link, LinkSite& site, const MadeLink& made);
bool gone(const VlanLink& link, LinkSite& site, const MadeLink& made);

void read(Reader& in, RoutedLink& link);
void make(const RoutedLink& link, const LinkEnd& inside, LinkSite& site, MadeLink& made);
void unmake(const RoutedLink& link, LinkSite& site, const MadeLink& made);
bool gone(const RoutedLink& link, LinkSite& site, const MadeLink& made);

// What macvlan, ipvlan and vlan have in common: they live on a link of the host and inside alone.

netlink::Upper upperOf(const char* parent, const LinkEnd& inside, const LinkSite& site);
void unmakeInside(LinkSite& site, const MadeLink& made);
bool goneInside(LinkSite& site, const MadeLink& made);

}  // namespace lx::keeper
