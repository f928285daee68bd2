#pragma once

#include <linux/rtnetlink.h>

#include <cstring>

namespace lx::netlink {

/// Calls `visit(type, data, size)` for each attribute in `size` bytes at `data`.
template <typename Visit>
void eachAttribute(const void* data, size_t size, Visit visit) {
  const auto* attribute = static_cast<const rtattr*>(data);
  for (size_t left = size; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    visit(static_cast<uint16_t>(attribute->rta_type & NLA_TYPE_MASK), RTA_DATA(attribute), RTA_PAYLOAD(attribute));
  }
}

/// The attributes of a whole message, which start behind the family's header.
template <typename Header, typename Visit>
void eachAttributeOf(const nlmsghdr* head, Visit visit) {
  if (head->nlmsg_len < NLMSG_LENGTH(sizeof(Header))) return;
  const auto* start = static_cast<const char*>(NLMSG_DATA(head)) + NLMSG_ALIGN(sizeof(Header));
  eachAttribute(start, head->nlmsg_len - NLMSG_SPACE(sizeof(Header)), visit);
}

/// The value of an attribute; zeros where the kernel sent less.
template <typename Value>
Value valueOf(const void* data, size_t size) {
  Value value{};
  std::memcpy(&value, data, size < sizeof value ? size : sizeof value);
  return value;
}

}  // namespace lx::netlink
