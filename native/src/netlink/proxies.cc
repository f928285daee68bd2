#include "netlink/proxies.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "netlink/address.h"
#include "netlink/links.h"

namespace lx::netlink {

namespace {

void change(Socket& socket, uint16_t type, uint16_t flags, std::string_view call, const std::string& link, const std::string& address) {
  const Cidr cidr = parseCidr(address);
  Message message(type, flags);
  ndmsg header{};
  header.ndm_family = cidr.family;
  header.ndm_ifindex = linkIndex(socket, link);
  header.ndm_state = NUD_PERMANENT;
  header.ndm_flags = NTF_PROXY;
  message.append(header);
  message.putBytes(NDA_DST, cidr.bytes.data(), cidr.size());
  socket.request(message, call, address);
}

}  // namespace

void addProxy(Socket& socket, const std::string& link, const std::string& address) {
  change(socket, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, "RTM_NEWNEIGH", link, address);
}

void deleteProxy(Socket& socket, const std::string& link, const std::string& address) {
  change(socket, RTM_DELNEIGH, 0, "RTM_DELNEIGH", link, address);
}

}  // namespace lx::netlink
