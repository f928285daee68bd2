#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lx::netlink {

using Mac = std::array<uint8_t, 6>;

/// "00:16:3e:aa:bb:cc"; throws EINVAL naming the text.
Mac parseMac(const std::string& text);
std::string formatMac(const void* bytes, size_t size);

/// An IPv4 or IPv6 address with the length of its network's prefix.
struct Cidr {
  /// AF_INET or AF_INET6.
  uint8_t family = 0;
  uint8_t prefix = 0;
  std::array<uint8_t, 16> bytes{};

  [[nodiscard]] size_t size() const { return family == 2 ? 4 : 16; }
};

/// "10.0.0.1/24", or a bare address (then with the full prefix); throws EINVAL naming the text.
Cidr parseCidr(const std::string& text);
std::string formatAddress(uint8_t family, const void* bytes);

}  // namespace lx::netlink
