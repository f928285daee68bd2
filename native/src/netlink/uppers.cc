#include "netlink/uppers.h"

#include "netlink/link_message.h"
#include "netlink/links.h"

namespace lx::netlink {

namespace {

template <typename Value>
void create(Socket& socket, const Upper& upper, const char* kind, uint16_t attribute, Value value) {
  Message message(RTM_NEWLINK, kCreateLink);
  message.append(linkHeader(false));
  putEnd(message, upper.name, upper.mac, upper.mtu);
  message.put(IFLA_LINK, linkIndex(socket, upper.parent));
  message.put(IFLA_NET_NS_PID, static_cast<uint32_t>(upper.namespacePid));
  const size_t info = message.open(IFLA_LINKINFO);
  message.putString(IFLA_INFO_KIND, kind);
  const size_t data = message.open(IFLA_INFO_DATA);
  message.put(attribute, value);
  message.close(data);
  message.close(info);
  socket.request(message, "RTM_NEWLINK", upper.name);
}

}  // namespace

void createMacvlan(Socket& socket, const Upper& upper) { create(socket, upper, "macvlan", IFLA_MACVLAN_MODE, uint32_t{MACVLAN_MODE_BRIDGE}); }

void createIpvlan(Socket& socket, const Upper& upper, uint16_t mode) { create(socket, upper, "ipvlan", IFLA_IPVLAN_MODE, mode); }

void createVlan(Socket& socket, const Upper& upper, uint16_t id) { create(socket, upper, "vlan", IFLA_VLAN_ID, id); }

}  // namespace lx::netlink
