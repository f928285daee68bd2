#pragma once

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <optional>
#include <string>

#include "base/sys_error.h"
#include "netlink/address.h"
#include "netlink/message.h"

// The parts that every request about a link is made of.
namespace lx::netlink {

constexpr uint16_t kCreateLink = NLM_F_CREATE | NLM_F_EXCL;

/// The kernel answers a longer name with a bare ERANGE; better to say which name before anything is made.
inline const std::string& checkedName(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) throw SysError("RTM_NEWLINK", EINVAL, name, "a link's name has 1 to 15 characters");
  return name;
}

inline void putEnd(Message& message, const std::string& name, const std::optional<Mac>& mac, const std::optional<uint32_t>& mtu) {
  message.putString(IFLA_IFNAME, checkedName(name));
  if (mac) message.put(IFLA_ADDRESS, *mac);
  if (mtu) message.put(IFLA_MTU, *mtu);
}

inline ifinfomsg linkHeader(bool up) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  if (up) header.ifi_flags = header.ifi_change = IFF_UP;
  return header;
}

}  // namespace lx::netlink
