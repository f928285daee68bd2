#include "netlink/shaping.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/sys_error.h"
#include "netlink/link_message.h"
#include "netlink/links.h"

namespace lx::netlink {

namespace {

constexpr uint32_t kFilterPriority = 1;
/// The first key of the first table of u32's, so that it is replaced and not added to.
constexpr uint32_t kFilterHandle = 0x80000800;
/// A packet that is larger than the burst never leaves: no frame is larger than 64 KiB, but for its header.
constexpr uint64_t kLeastBurst = 66'000;
constexpr uint64_t kLeastQueue = 131'072;
constexpr uint64_t kMost = 1U << 31;

tcmsg schedulerHeader(int index, uint32_t parent, uint32_t handle) {
  tcmsg header{};
  header.tcm_family = AF_UNSPEC;
  header.tcm_ifindex = index;
  header.tcm_parent = parent;
  header.tcm_handle = handle;
  return header;
}

/// ENOENT, EINVAL: there is none, or only the kernel's own.
void deleteScheduler(Socket& socket, const std::string& link, uint32_t parent, uint32_t handle) {
  Message message(RTM_DELQDISC, 0);
  message.append(schedulerHeader(linkIndex(socket, link), parent, handle));
  try {
    socket.request(message, "RTM_DELQDISC", link);
  } catch (const SysError& error) {
    if (error.number() != ENOENT && error.number() != EINVAL) throw;
  }
}

void addIngress(Socket& socket, const std::string& link, int index) {
  Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL);
  message.append(schedulerHeader(index, TC_H_INGRESS, TC_H_MAKE(TC_H_INGRESS, 0)));
  message.putString(TCA_KIND, "ingress");
  try {
    socket.request(message, "RTM_NEWQDISC", link);
  } catch (const SysError& error) {
    if (error.number() != EEXIST) throw;
  }
}

void putRedirect(Message& message, int target) {
  const size_t actions = message.open(TCA_U32_ACT);
  const size_t first = message.open(1);
  message.putString(TCA_ACT_KIND, "mirred");
  const size_t options = message.open(TCA_ACT_OPTIONS);
  tc_mirred redirect{};
  redirect.action = TC_ACT_STOLEN;
  redirect.eaction = TCA_EGRESS_REDIR;
  redirect.ifindex = static_cast<uint32_t>(target);
  message.put(TCA_MIRRED_PARMS, redirect);
  message.close(options);
  message.close(first);
  message.close(actions);
}

/// A key whose mask is empty: every packet.
void putEveryPacket(Message& message) {
  std::array<char, sizeof(tc_u32_sel) + sizeof(tc_u32_key)> every{};
  tc_u32_sel selector{};
  selector.flags = TC_U32_TERMINAL;
  selector.nkeys = 1;
  std::memcpy(every.data(), &selector, sizeof selector);
  message.putBytes(TCA_U32_SEL, every.data(), every.size());
}

}  // namespace

void shapeSending(Socket& socket, const std::string& link, uint64_t bytesPerSecond) {
  const uint64_t rate = std::max<uint64_t>(bytesPerSecond, 1);
  const auto burst = static_cast<uint32_t>(std::clamp(rate / 50, kLeastBurst, kMost));
  tc_tbf_qopt shape{};
  shape.rate.linklayer = TC_LINKLAYER_ETHERNET;
  shape.rate.rate = static_cast<uint32_t>(std::min<uint64_t>(rate, UINT32_MAX));
  // A tenth of a second may wait.
  shape.limit = static_cast<uint32_t>(std::clamp(rate / 10, kLeastQueue, kMost));
  Message message(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE);
  message.append(schedulerHeader(linkIndex(socket, link), TC_H_ROOT, TC_H_MAKE(1U << 16, 0)));
  message.putString(TCA_KIND, "tbf");
  const size_t options = message.open(TCA_OPTIONS);
  message.put(TCA_TBF_PARMS, shape);
  message.put(TCA_TBF_BURST, burst);
  if (rate > UINT32_MAX) message.put(TCA_TBF_RATE64, rate);
  message.close(options);
  socket.request(message, "RTM_NEWQDISC", link);
}

void sendFreely(Socket& socket, const std::string& link) { deleteScheduler(socket, link, TC_H_ROOT, 0); }

void makeIfb(Socket& socket, const std::string& name) {
  Message message(RTM_NEWLINK, kCreateLink);
  message.append(linkHeader(true));
  message.putString(IFLA_IFNAME, checkedName(name));
  message.put(IFLA_NUM_TX_QUEUES, uint32_t{1});
  message.put(IFLA_NUM_RX_QUEUES, uint32_t{1});
  const size_t info = message.open(IFLA_LINKINFO);
  message.putString(IFLA_INFO_KIND, "ifb");
  message.close(info);
  try {
    socket.request(message, "RTM_NEWLINK", name);
  } catch (const SysError& error) {
    if (error.number() != EEXIST || readLink(socket, name).kind != "ifb") throw;
  }
}

void receiveBy(Socket& socket, const std::string& link, const std::string& ifb) {
  const int index = linkIndex(socket, link);
  addIngress(socket, link, index);
  Message message(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_REPLACE);
  tcmsg header = schedulerHeader(index, TC_H_MAKE(TC_H_INGRESS, 0), kFilterHandle);
  header.tcm_info = TC_H_MAKE(kFilterPriority << 16, htons(ETH_P_ALL));
  message.append(header);
  message.putString(TCA_KIND, "u32");
  const size_t options = message.open(TCA_OPTIONS);
  putEveryPacket(message);
  putRedirect(message, linkIndex(socket, ifb));
  message.close(options);
  socket.request(message, "RTM_NEWTFILTER", link);
}

void receiveDirectly(Socket& socket, const std::string& link) {
  deleteScheduler(socket, link, TC_H_INGRESS, TC_H_MAKE(TC_H_INGRESS, 0));
}

}  // namespace lx::netlink
