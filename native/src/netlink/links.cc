#include "netlink/links.h"

#include <linux/veth.h>

#include "netlink/attributes.h"
#include "netlink/link_message.h"

namespace lx::netlink {

namespace {

LinkCounters countersOf(const rtnl_link_stats64& stats) {
  return {.rxBytes = stats.rx_bytes, .txBytes = stats.tx_bytes, .rxPackets = stats.rx_packets, .txPackets = stats.tx_packets,
          .rxErrors = stats.rx_errors, .txErrors = stats.tx_errors, .rxDropped = stats.rx_dropped, .txDropped = stats.tx_dropped};
}

std::string textOf(const void* data, size_t size) {
  const auto* text = static_cast<const char*>(data);
  return {text, strnlen(text, size)};
}

Link parseLink(const nlmsghdr* head) {
  Link link;
  const auto* header = static_cast<const ifinfomsg*>(NLMSG_DATA(head));
  link.index = header->ifi_index;
  link.hardwareType = header->ifi_type;
  link.up = (header->ifi_flags & IFF_UP) != 0;
  link.running = (header->ifi_flags & IFF_RUNNING) != 0;
  eachAttributeOf<ifinfomsg>(head, [&](uint16_t type, const void* data, size_t size) {
    switch (type) {
      case IFLA_IFNAME: link.name = textOf(data, size); break;
      case IFLA_ADDRESS: link.mac = formatMac(data, size); break;
      case IFLA_MTU: link.mtu = valueOf<uint32_t>(data, size); break;
      case IFLA_MASTER: link.master = valueOf<int>(data, size); break;
      case IFLA_LINK: link.peerIndex = valueOf<int>(data, size); break;
      case IFLA_STATS64: link.counters = countersOf(valueOf<rtnl_link_stats64>(data, size)); break;
      case IFLA_LINKINFO:
        eachAttribute(data, size, [&](uint16_t inner, const void* text, size_t length) {
          if (inner == IFLA_INFO_KIND) link.kind = textOf(text, length);
        });
        break;
      default: break;
    }
  });
  return link;
}

}  // namespace

int linkIndex(Socket& socket, const std::string& name) {
  Message message(RTM_GETLINK, 0);
  message.append(linkHeader(false));
  message.putString(IFLA_IFNAME, checkedName(name));
  message.put(IFLA_EXT_MASK, uint32_t{RTEXT_FILTER_SKIP_STATS});
  int index = 0;
  socket.query(message, "RTM_GETLINK", name, [&](const nlmsghdr* head) {
    if (head->nlmsg_type == RTM_NEWLINK) index = static_cast<const ifinfomsg*>(NLMSG_DATA(head))->ifi_index;
  });
  return index;
}

Link readLink(Socket& socket, const std::string& name) {
  Message message(RTM_GETLINK, 0);
  message.append(linkHeader(false));
  message.putString(IFLA_IFNAME, checkedName(name));
  Link link;
  socket.query(message, "RTM_GETLINK", name, [&](const nlmsghdr* head) {
    if (head->nlmsg_type == RTM_NEWLINK) link = parseLink(head);
  });
  return link;
}

bool hasLink(Socket& socket, int index) {
  Message message(RTM_GETLINK, 0);
  ifinfomsg header = linkHeader(false);
  header.ifi_index = index;
  message.append(header);
  message.put(IFLA_EXT_MASK, uint32_t{RTEXT_FILTER_SKIP_STATS});
  try {
    socket.query(message, "RTM_GETLINK", {}, [](const nlmsghdr*) {});
  } catch (const SysError& error) {
    if (error.number() == ENODEV) return false;
    throw;
  }
  return true;
}

void createBridge(Socket& socket, const Bridge& bridge) {
  Message message(RTM_NEWLINK, kCreateLink);
  message.append(linkHeader(false));
  putEnd(message, bridge.name, bridge.mac, bridge.mtu);
  const size_t info = message.open(IFLA_LINKINFO);
  message.putString(IFLA_INFO_KIND, "bridge");
  message.close(info);
  socket.request(message, "RTM_NEWLINK", bridge.name);
}

void createVeth(Socket& socket, const Veth& veth) {
  Message message(RTM_NEWLINK, kCreateLink);
  message.append(linkHeader(veth.up));
  putEnd(message, veth.name, veth.mac, veth.mtu);
  if (veth.bridge) message.put(IFLA_MASTER, linkIndex(socket, *veth.bridge));
  if (veth.group) message.put(IFLA_GROUP, *veth.group);
  const size_t info = message.open(IFLA_LINKINFO);
  message.putString(IFLA_INFO_KIND, "veth");
  const size_t data = message.open(IFLA_INFO_DATA);
  const size_t peer = message.open(VETH_INFO_PEER);
  message.append(linkHeader(false));
  putEnd(message, veth.peer, veth.peerMac, veth.mtu);
  if (veth.peerNamespaceFd) message.put(IFLA_NET_NS_FD, static_cast<uint32_t>(*veth.peerNamespaceFd));
  else if (veth.peerNamespacePid) message.put(IFLA_NET_NS_PID, static_cast<uint32_t>(*veth.peerNamespacePid));
  message.close(peer);
  message.close(data);
  message.close(info);
  socket.request(message, "RTM_NEWLINK", veth.name);
}

namespace {

void putPort(Message& message, bool isolated) {
  const size_t info = message.open(IFLA_LINKINFO);
  message.putString(IFLA_INFO_SLAVE_KIND, "bridge");
  const size_t data = message.open(IFLA_INFO_SLAVE_DATA);
  message.put(IFLA_BRPORT_ISOLATED, static_cast<uint8_t>(isolated));
  message.close(data);
  message.close(info);
}

}  // namespace

void setLink(Socket& socket, const std::string& name, const LinkChange& change) {
  Message message(RTM_NEWLINK, 0);
  ifinfomsg header = linkHeader(false);
  header.ifi_index = linkIndex(socket, name);
  if (change.up) {
    header.ifi_change = IFF_UP;
    header.ifi_flags = *change.up ? IFF_UP : 0;
  }
  message.append(header);
  if (change.rename) message.putString(IFLA_IFNAME, checkedName(*change.rename));
  if (change.mac) message.put(IFLA_ADDRESS, *change.mac);
  if (change.mtu) message.put(IFLA_MTU, *change.mtu);
  if (change.bridge) message.put(IFLA_MASTER, change.bridge->empty() ? 0 : linkIndex(socket, *change.bridge));
  if (change.isolated) putPort(message, *change.isolated);
  socket.request(message, "RTM_NEWLINK", name);
}

void deleteLink(Socket& socket, const std::string& name) {
  Message message(RTM_DELLINK, 0);
  message.append(linkHeader(false));
  message.putString(IFLA_IFNAME, checkedName(name));
  socket.request(message, "RTM_DELLINK", name);
}

void deleteLink(Socket& socket, int index) {
  Message message(RTM_DELLINK, 0);
  ifinfomsg header = linkHeader(false);
  header.ifi_index = index;
  message.append(header);
  socket.request(message, "RTM_DELLINK", std::to_string(index));
}

void moveLink(Socket& socket, const LinkMove& move) {
  Message message(RTM_NEWLINK, 0);
  ifinfomsg header = linkHeader(move.up);
  header.ifi_index = move.index;
  // The kernel takes a link down that leaves its namespace; so the flags count for the new one.
  header.ifi_change = IFF_UP;
  message.append(header);
  if (move.namespacePid) message.put(IFLA_NET_NS_PID, static_cast<uint32_t>(*move.namespacePid));
  else message.put(IFLA_NET_NS_FD, static_cast<uint32_t>(move.namespaceFd));
  putEnd(message, move.name, move.mac, move.mtu);
  socket.request(message, "RTM_NEWLINK", move.name);
}

std::vector<Link> listLinks(Socket& socket, size_t most) {
  Message message(RTM_GETLINK, NLM_F_DUMP);
  message.append(linkHeader(false));
  std::vector<Link> links;
  socket.query(message, "RTM_GETLINK", {}, [&](const nlmsghdr* head) {
    if (head->nlmsg_type == RTM_NEWLINK && links.size() < most) links.push_back(parseLink(head));
  });
  return links;
}

}  // namespace lx::netlink
