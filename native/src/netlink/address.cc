#include "netlink/address.h"

#include <arpa/inet.h>

#include <charconv>

#include "base/sys_error.h"

namespace lx::netlink {

static_assert(AF_INET == 2, "Cidr::size counts on it");

Mac parseMac(const std::string& text) {
  Mac mac{};
  const char* cursor = text.data();
  const char* const end = cursor + text.size();
  for (size_t i = 0; i < mac.size(); ++i) {
    const auto [next, problem] = std::from_chars(cursor, end, mac[i], 16);
    const bool last = i + 1 == mac.size();
    if (problem != std::errc() || next - cursor != 2 || (last ? next != end : (next == end || *next != ':'))) {
      throw SysError("parse", EINVAL, text, "not a MAC address");
    }
    cursor = next + 1;
  }
  return mac;
}

std::string formatMac(const void* bytes, size_t size) {
  static constexpr char kDigits[] = "0123456789abcdef";
  const auto* octets = static_cast<const uint8_t*>(bytes);
  std::string text;
  for (size_t i = 0; i < size; ++i) {
    if (i > 0) text.push_back(':');
    text.push_back(kDigits[octets[i] >> 4]);
    text.push_back(kDigits[octets[i] & 15]);
  }
  return text;
}

Cidr parseCidr(const std::string& text) {
  Cidr cidr;
  const size_t slash = text.find('/');
  const std::string address = text.substr(0, slash);
  cidr.family = address.find(':') == std::string::npos ? AF_INET : AF_INET6;
  const uint8_t longest = cidr.family == AF_INET ? 32 : 128;
  bool good = ::inet_pton(cidr.family, address.c_str(), cidr.bytes.data()) == 1;
  cidr.prefix = longest;
  if (good && slash != std::string::npos) {
    const char* const end = text.data() + text.size();
    const auto [next, problem] = std::from_chars(text.data() + slash + 1, end, cidr.prefix);
    good = problem == std::errc() && next == end && cidr.prefix <= longest;
  }
  if (!good) throw SysError("parse", EINVAL, text, "not an address");
  return cidr;
}

std::string formatAddress(uint8_t family, const void* bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  return ::inet_ntop(family, bytes, text, sizeof text) == nullptr ? std::string() : std::string(text);
}

}  // namespace lx::netlink
