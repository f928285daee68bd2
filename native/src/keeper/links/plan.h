#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace lx::keeper {

// A link of the launch plan as libs/host/src/link-plan.ts describes it: what it is inside, and what its kind needs.

struct LinkEnd {
  const char* name;
  /// Null: the kernel's choice, or the one it has.
  const char* mac;
  std::optional<uint32_t> mtu;
};

/// How much may go over a cable, in bits a second; 0: as much as can.
struct LinkLimits {
  /// To the container.
  uint64_t in = 0;
  /// From it.
  uint64_t out = 0;

  [[nodiscard]] bool any() const { return in > 0 || out > 0; }
};

/// A cable between the host and the container.
struct VethLink {
  const char* hostName;
  const char* hostMac;
  /// Null: the host's end hangs on nothing.
  const char* bridge;
  /// Reaches no other isolated link of the bridge.
  bool isolated = false;
  /// Of the host's end. Not said by a plan.
  std::optional<uint32_t> group = std::nullopt;
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

/// A cable to the host, which routes to what is behind it.
struct RoutedLink {
  /// What it has of one family of addresses. Texts of addresses without a prefix, of routes with one.
  struct Family {
    /// Of the host's end; and the container's way out if `gateway`.
    const char* hostAddress;
    bool gateway;
    /// Where the routes go too, beside the main table.
    std::optional<uint32_t> table;
    std::vector<const char*> addresses;
    /// To what lies behind the first address.
    std::vector<const char*> routes;
  };

  const char* hostName;
  /// A link of the host that answers for the addresses; null: none does.
  const char* parent;
  std::vector<Family> families;
};

/// In the order of the codes on the wire.
using LinkKind = std::variant<VethLink, MacvlanLink, PhysicalLink, IpvlanLink, VlanLink, RoutedLink>;

struct LinkPlan {
  LinkEnd inside;
  /// Of a cable. They may change while it is there, and hold for the next one when the guest reboots.
  LinkLimits limits;
  LinkKind kind;
  /// As it came over the wire.
  std::span<const std::byte> wire;
};

}  // namespace lx::keeper
