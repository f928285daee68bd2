#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "netlink/address.h"
#include "netlink/socket.h"

namespace lx::netlink {

/// Index of the link in the socket's namespace; throws ENODEV.
int linkIndex(Socket& socket, const std::string& name);

struct Bridge {
  std::string name;
  std::optional<Mac> mac;
  std::optional<uint32_t> mtu;
};
void createBridge(Socket& socket, const Bridge& bridge);

/// Two ends of a virtual cable. The peer is born in another namespace if one is named, else in the socket's.
struct Veth {
  std::string name;
  std::string peer;
  std::optional<pid_t> peerNamespacePid;
  std::optional<int> peerNamespaceFd;
  /// Attached in the same request.
  std::optional<std::string> bridge;
  std::optional<Mac> mac;
  std::optional<Mac> peerMac;
  /// Of both ends.
  std::optional<uint32_t> mtu;
  /// Of this end: what rules of the packet filter know it by (meta iifgroup).
  std::optional<uint32_t> group;
  /// Of this end: the kernel refuses to set an end up that has no peer yet, as the peer in the request has none.
  bool up = false;
};
void createVeth(Socket& socket, const Veth& veth);

struct LinkChange {
  std::optional<bool> up;
  /// An empty name detaches.
  std::optional<std::string> bridge;
  /// As a port of the bridge that it is on already: reaches no other isolated port (ip-link(8), isolated).
  std::optional<bool> isolated;
  std::optional<uint32_t> mtu;
  std::optional<Mac> mac;
  /// The link must be down.
  std::optional<std::string> rename;
};
void setLink(Socket& socket, const std::string& name, const LinkChange& change);
void deleteLink(Socket& socket, const std::string& name);

struct LinkCounters {
  uint64_t rxBytes = 0;
  uint64_t txBytes = 0;
  uint64_t rxPackets = 0;
  uint64_t txPackets = 0;
  uint64_t rxErrors = 0;
  uint64_t txErrors = 0;
  uint64_t rxDropped = 0;
  uint64_t txDropped = 0;
};

struct Link {
  int index = 0;
  std::string name;
  std::string kind;
  uint16_t hardwareType = 0;
  bool up = false;
  bool running = false;
  uint32_t mtu = 0;
  std::string mac;
  int master = 0;
  int peerIndex = 0;
  LinkCounters counters;
};
/// ENODEV when there is none.
Link readLink(Socket& socket, const std::string& name);
bool hasLink(Socket& socket, int index);
void deleteLink(Socket& socket, int index);

/// A link on its way from the socket's namespace to another.
struct LinkMove {
  int index = 0;
  /// The name it gets there.
  std::string name;
  std::optional<pid_t> namespacePid;
  /// Where no process is named.
  int namespaceFd = -1;
  std::optional<Mac> mac;
  std::optional<uint32_t> mtu;
  bool up = false;
};
void moveLink(Socket& socket, const LinkMove& move);

/// The first `most` of them.
std::vector<Link> listLinks(Socket& socket, size_t most = SIZE_MAX);

}  // namespace lx::netlink
