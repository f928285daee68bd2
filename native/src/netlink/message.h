#pragma once

#include <linux/netlink.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace lx::netlink {

/// A netlink request under construction, on the stack: header, the family's own header, attributes.
class Message {
 public:
  /// NLM_F_REQUEST is implied.
  Message(uint16_t type, uint16_t flags);

  /// The family's fixed header (ifinfomsg, ifaddrmsg, ...), or the one inside a nested attribute.
  template <typename Header>
  void append(const Header& header) {
    static_assert(std::is_trivially_copyable_v<Header>);
    appendBytes(&header, sizeof header);
  }
  template <typename Value>
  void put(uint16_t type, const Value& value) {
    static_assert(std::is_trivially_copyable_v<Value>);
    putBytes(type, &value, sizeof value);
  }
  void putBytes(uint16_t type, const void* data, size_t size);
  /// Zero-terminated, as the kernel's NLA_NUL_STRING wants it.
  void putString(uint16_t type, std::string_view text);
  /// Opens a nested attribute; give the result to `close` when its content is in.
  [[nodiscard]] size_t open(uint16_t type);
  void close(size_t mark);

  [[nodiscard]] nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(buffer_.data()); }
  [[nodiscard]] size_t size() const { return size_; }

 private:
  char* grow(size_t size);
  void appendBytes(const void* data, size_t size);

  alignas(NLMSG_ALIGNTO) std::array<char, 1024> buffer_{};
  size_t size_ = 0;
};

}  // namespace lx::netlink
