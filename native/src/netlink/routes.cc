#include "netlink/routes.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/sys_error.h"
#include "netlink/address.h"
#include "netlink/attributes.h"
#include "netlink/links.h"

namespace lx::netlink {

namespace {

Cidr destinationOf(const RouteRequest& route) {
  if (route.destination != "default") return parseCidr(route.destination);
  Cidr all;
  all.family = route.gateway ? parseCidr(*route.gateway).family : AF_INET;
  return all;
}

void changeRoute(Socket& socket, uint16_t type, std::string_view call, const RouteRequest& route) {
  const Cidr destination = destinationOf(route);
  const bool adding = type == RTM_NEWROUTE;
  Message message(type, adding ? NLM_F_CREATE | NLM_F_EXCL : 0);
  rtmsg header{};
  header.rtm_family = destination.family;
  header.rtm_dst_len = destination.prefix;
  header.rtm_table = route.table ? RT_TABLE_UNSPEC : RT_TABLE_MAIN;
  // A deletion matches any protocol and any scope: the route may be somebody else's work.
  header.rtm_protocol = adding ? RTPROT_STATIC : RTPROT_UNSPEC;
  header.rtm_scope = !adding ? RT_SCOPE_NOWHERE : route.gateway || destination.family == AF_INET6 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  header.rtm_type = adding ? RTN_UNICAST : RTN_UNSPEC;
  message.append(header);
  if (destination.prefix > 0) message.putBytes(RTA_DST, destination.bytes.data(), destination.size());
  if (route.gateway) {
    const Cidr gateway = parseCidr(*route.gateway);
    if (gateway.family != destination.family) throw SysError(call, EINVAL, route.destination, "gateway of another family");
    message.putBytes(RTA_GATEWAY, gateway.bytes.data(), gateway.size());
  }
  if (route.link) message.put(RTA_OIF, linkIndex(socket, *route.link));
  if (route.table) message.put(RTA_TABLE, *route.table);
  socket.request(message, call, route.destination);
}

/// The first hop of a multipath route.
void readFirstHop(const void* data, size_t size, Route& route) {
  const auto hop = valueOf<rtnexthop>(data, size);
  route.index = hop.rtnh_ifindex;
  if (hop.rtnh_len < sizeof hop || hop.rtnh_len > size) return;
  const char* attributes = static_cast<const char*>(data) + RTNH_ALIGN(sizeof hop);
  eachAttribute(attributes, hop.rtnh_len - sizeof hop, [&](uint16_t type, const void* value, size_t) {
    if (type == RTA_GATEWAY) route.gateway = formatAddress(route.family, value);
  });
}

}  // namespace

std::vector<Route> listRoutes(Socket& socket) {
  Message message(RTM_GETROUTE, NLM_F_DUMP);
  message.append(rtmsg{});
  std::vector<Route> routes;
  socket.query(message, "RTM_GETROUTE", {}, [&](const nlmsghdr* head) {
    if (head->nlmsg_type != RTM_NEWROUTE) return;
    const auto* header = static_cast<const rtmsg*>(NLMSG_DATA(head));
    const bool family = header->rtm_family == AF_INET || header->rtm_family == AF_INET6;
    if (!family || header->rtm_table != RT_TABLE_MAIN || header->rtm_type != RTN_UNICAST || (header->rtm_flags & RTM_F_CLONED) != 0) return;
    Route route{.family = header->rtm_family, .destination = "default", .gateway = std::nullopt, .index = 0};
    eachAttributeOf<rtmsg>(head, [&](uint16_t type, const void* data, size_t size) {
      switch (type) {
        case RTA_DST: route.destination = formatAddress(route.family, data) + "/" + std::to_string(header->rtm_dst_len); break;
        case RTA_GATEWAY: route.gateway = formatAddress(route.family, data); break;
        case RTA_OIF: route.index = valueOf<int>(data, size); break;
        case RTA_MULTIPATH: readFirstHop(data, size, route); break;
        default: break;
      }
    });
    routes.push_back(std::move(route));
  });
  return routes;
}

void addRoute(Socket& socket, const RouteRequest& route) { changeRoute(socket, RTM_NEWROUTE, "RTM_NEWROUTE", route); }

void deleteRoute(Socket& socket, const RouteRequest& route) { changeRoute(socket, RTM_DELROUTE, "RTM_DELROUTE", route); }

int linkTowards(Socket& socket, const std::string& address) {
  const Cidr cidr = parseCidr(address);
  Message message(RTM_GETROUTE, 0);
  rtmsg header{};
  header.rtm_family = cidr.family;
  header.rtm_dst_len = cidr.prefix;
  message.append(header);
  message.putBytes(RTA_DST, cidr.bytes.data(), cidr.size());
  int found = 0;
  try {
    socket.query(message, "RTM_GETROUTE", address, [&](const nlmsghdr* head) {
      if (head->nlmsg_type != RTM_NEWROUTE) return;
      eachAttributeOf<rtmsg>(head, [&](uint16_t type, const void* data, size_t size) {
        if (type == RTA_OIF) found = valueOf<int>(data, size);
      });
    });
  } catch (const SysError& error) {
    if (error.number() != ENETUNREACH && error.number() != EHOSTUNREACH) throw;
  }
  return found;
}

}  // namespace lx::netlink
