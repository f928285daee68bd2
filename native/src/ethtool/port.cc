#include "ethtool/port.h"

#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cstring>

#include "base/sys_error.h"
#include "base/unique_fd.h"

namespace lx::ethtool {

namespace {

/// The settings with the bit masks of link modes behind them: three, each of at most 127 words (their number is an s8).
struct Answer {
  alignas(ethtool_link_settings) unsigned char bytes[sizeof(ethtool_link_settings) + 3 * 127 * sizeof(uint32_t)];

  [[nodiscard]] ethtool_link_settings& settings() { return *reinterpret_cast<ethtool_link_settings*>(bytes); }
};

/// False when the link is gone or its driver has no settings.
bool ask(int socket, const std::string& link, int8_t words, Answer& answer) {
  answer = {};
  answer.settings().cmd = ETHTOOL_GLINKSETTINGS;
  answer.settings().link_mode_masks_nwords = words;
  ifreq request{};
  std::memcpy(request.ifr_name, link.data(), link.size());
  request.ifr_data = reinterpret_cast<char*>(&answer);
  if (::ioctl(socket, SIOCETHTOOL, &request) == 0) return true;
  if (errno == EOPNOTSUPP || errno == ENODEV) return false;
  throw SysError("ioctl", errno, link);
}

}  // namespace

std::optional<Port> port(const std::string& link) {
  if (link.size() >= IFNAMSIZ) return std::nullopt;
  const UniqueFd socket = LX_SYS_FD(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  Answer answer{};
  // The first answer has the number of words that the masks need, negated; the second call must give it.
  if (!ask(socket.get(), link, 0, answer)) return std::nullopt;
  const auto words = static_cast<int8_t>(-answer.settings().link_mode_masks_nwords);
  if (words <= 0 || !ask(socket.get(), link, words, answer)) return std::nullopt;
  const auto& settings = answer.settings();
  return Port{settings.port, settings.transceiver, settings.autoneg == AUTONEG_ENABLE};
}

}  // namespace lx::ethtool
