#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>

namespace lx::keeper {

// A link of the launch plan as libs/host/src/link-plan.ts describes it: what it is inside, and what its kind needs.

struct LinkEnd {
  const char* name;
  /// Null: the kernel's choice, or the one it has.
  const char* mac;
  std::optional<uint32_t> mtu;
};

/// A cable between the host and the container.
struct VethLink {
  const char* hostName;
  const char* hostMac;
  /// Null: the host's end hangs on nothing.
  const char* bridge;
};

/// A second address of a link of the host.
struct MacvlanLink {
  const char* parent;
};

/// A link of the host itself, lent to the container.
struct PhysicalLink {
  const char* parent;
};

/// Shares the MAC address of a link of the host.
struct IpvlanLink {
  const char* parent;
  /// IPVLAN_MODE_ of if_link.h.
  uint16_t mode;
};

/// The 802.1Q network `id` of a link of the host.
struct VlanLink {
  const char* parent;
  uint16_t id;
};

/// In the order of the codes on the wire.
using LinkKind = std::variant<VethLink, MacvlanLink, PhysicalLink, IpvlanLink, VlanLink>;

struct LinkPlan {
  LinkEnd inside;
  LinkKind kind;
  /// As it came over the wire.
  std::span<const std::byte> wire;
};

}  // namespace lx::keeper
