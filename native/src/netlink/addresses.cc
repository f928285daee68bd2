#include "netlink/addresses.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "base/sys_error.h"
#include "netlink/attributes.h"
#include "netlink/links.h"

namespace lx::netlink {

namespace {

void changeAddress(Socket& socket, uint16_t type, std::string_view call, const std::string& link, const std::string& text) {
  const Cidr cidr = parseCidr(text);
  const bool adding = type == RTM_NEWADDR;
  Message message(type, adding ? NLM_F_CREATE | NLM_F_EXCL : 0);
  ifaddrmsg header{};
  header.ifa_family = cidr.family;
  header.ifa_prefixlen = cidr.prefix;
  header.ifa_index = static_cast<uint32_t>(linkIndex(socket, link));
  if (adding && cidr.family == AF_INET6) header.ifa_flags = IFA_F_NODAD;
  message.append(header);
  message.putBytes(IFA_LOCAL, cidr.bytes.data(), cidr.size());
  message.putBytes(IFA_ADDRESS, cidr.bytes.data(), cidr.size());
  socket.request(message, call, text);
}

}  // namespace

std::vector<LinkAddress> listAddresses(Socket& socket, size_t most) {
  Message message(RTM_GETADDR, NLM_F_DUMP);
  message.append(ifaddrmsg{});
  std::vector<LinkAddress> addresses;
  socket.query(message, "RTM_GETADDR", {}, [&](const nlmsghdr* head) {
    if (head->nlmsg_type != RTM_NEWADDR || addresses.size() >= most) return;
    const auto* header = static_cast<const ifaddrmsg*>(NLMSG_DATA(head));
    LinkAddress found{.index = static_cast<int>(header->ifa_index), .family = header->ifa_family, .address = {},
                      .prefix = header->ifa_prefixlen, .scope = header->ifa_scope};
    bool local = false;
    eachAttributeOf<ifaddrmsg>(head, [&](uint16_t type, const void* data, size_t) {
      // On a point-to-point link IFA_ADDRESS is the other end; IFA_LOCAL, where there is one, is ours.
      if (type != IFA_LOCAL && (type != IFA_ADDRESS || local)) return;
      found.address = formatAddress(found.family, data);
      local = type == IFA_LOCAL;
    });
    addresses.push_back(std::move(found));
  });
  return addresses;
}

void addAddress(Socket& socket, const std::string& link, const std::string& cidr) {
  changeAddress(socket, RTM_NEWADDR, "RTM_NEWADDR", link, cidr);
}

void deleteAddress(Socket& socket, const std::string& link, const std::string& cidr) {
  changeAddress(socket, RTM_DELADDR, "RTM_DELADDR", link, cidr);
}

}  // namespace lx::netlink
