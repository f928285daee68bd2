#include "netlink/uevents.h"

#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>

#include "base/sys_error.h"

namespace lx::netlink {

namespace {

/// The kernel's own words are in group 1; udev's are in another.
constexpr unsigned kKernel = 1;

/// The lines of an event end with a zero byte each; one of a device with a node has its name.
bool hasNode(std::string_view event) {
  for (size_t at = 0; at < event.size();) {
    const std::string_view line = event.substr(at, event.find('\0', at) - at);
    if (line.starts_with("DEVNAME=")) return true;
    at += line.size() + 1;
  }
  return false;
}

}  // namespace

UniqueFd watchDevices() {
  UniqueFd fd = LX_SYS_FD(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernel;
  LX_SYS(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address));
  return fd;
}

bool readDeviceChanges(int fd) {
  bool changed = false;
  std::array<char, 8192> event;
  for (;;) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t got = ::recvfrom(fd, event.data(), event.size(), 0, reinterpret_cast<sockaddr*>(&sender), &size);
    if (got >= 0 && sender.nl_pid == 0) changed = changed || hasNode({event.data(), static_cast<size_t>(got)});
    else if (got < 0 && errno == ENOBUFS) changed = true;
    else if (got < 0 && errno == EAGAIN) return changed;
    else if (got < 0 && errno != EINTR) throw SysError("recvfrom", errno, "NETLINK_KOBJECT_UEVENT");
  }
}

}  // namespace lx::netlink
