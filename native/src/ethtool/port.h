#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace lx::ethtool {

/// What the driver of a network card says of a port; the numbers are those of <linux/ethtool.h>.
struct Port {
  uint8_t connector;
  uint8_t transceiver;
  bool autoNegotiation;
};

/// ETHTOOL_GLINKSETTINGS. Nothing when the link is gone or its driver has no settings.
std::optional<Port> port(const std::string& link);

}  // namespace lx::ethtool
