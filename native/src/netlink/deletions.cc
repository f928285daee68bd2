#include "netlink/deletions.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/sys_error.h"
#include "netlink/attributes.h"
#include "netlink/socket.h"

namespace lx::netlink {

namespace {

/// The kernel hands over messages of other types to nobody: links that come and change are far more than those that go.
void letDeletionsPass(int fd) {
  std::array<sock_filter, 4> steps{{
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELLINK), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog program{static_cast<unsigned short>(steps.size()), steps.data()};
  LX_SYS(::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program));
}

void collect(const char* data, size_t size, std::vector<std::string>& names) {
  const auto* head = reinterpret_cast<const nlmsghdr*>(data);
  for (size_t left = size; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
    if (head->nlmsg_type != RTM_DELLINK) continue;
    eachAttributeOf<ifinfomsg>(head, [&](uint16_t type, const void* text, size_t length) {
      if (type == IFLA_IFNAME) names.emplace_back(static_cast<const char*>(text), strnlen(static_cast<const char*>(text), length));
    });
  }
}

}  // namespace

UniqueFd watchDeletions() {
  UniqueFd fd = LX_SYS_FD(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  letDeletionsPass(fd.get());
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  LX_SYS(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
  LX_SYS(hearKernelOnly(fd.get()));
  return fd;
}

Deletions readDeletions(int fd) {
  Deletions seen;
  alignas(NLMSG_ALIGNTO) std::array<char, 16384> message;
  for (;;) {
    const ssize_t got = ::recv(fd, message.data(), message.size(), 0);
    if (got >= 0) collect(message.data(), static_cast<size_t>(got), seen.names);
    else if (errno == ENOBUFS) seen.missed = true;
    else if (errno == EAGAIN) return seen;
    else if (errno != EINTR) throw SysError("recv", errno, "RTMGRP_LINK");
  }
}

}  // namespace lx::netlink
