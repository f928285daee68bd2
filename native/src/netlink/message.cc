#include "netlink/message.h"

#include <linux/rtnetlink.h>

#include <cstring>

#include "base/sys_error.h"

namespace lx::netlink {

Message::Message(uint16_t type, uint16_t flags) {
  auto* head = reinterpret_cast<nlmsghdr*>(grow(NLMSG_HDRLEN));
  head->nlmsg_type = type;
  head->nlmsg_flags = static_cast<uint16_t>(flags | NLM_F_REQUEST);
}

char* Message::grow(size_t size) {
  const size_t aligned = NLMSG_ALIGN(size);
  if (size_ + aligned > buffer_.size()) throw SysError("netlink", EMSGSIZE);
  char* place = buffer_.data() + size_;
  size_ += aligned;
  header()->nlmsg_len = static_cast<uint32_t>(size_);
  return place;
}

void Message::appendBytes(const void* data, size_t size) { std::memcpy(grow(size), data, size); }

void Message::putBytes(uint16_t type, const void* data, size_t size) {
  auto* attribute = reinterpret_cast<rtattr*>(grow(RTA_LENGTH(size)));
  attribute->rta_type = type;
  attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
  if (size > 0) std::memcpy(RTA_DATA(attribute), data, size);
}

void Message::putString(uint16_t type, std::string_view text) {
  auto* attribute = reinterpret_cast<rtattr*>(grow(RTA_LENGTH(text.size() + 1)));
  attribute->rta_type = type;
  attribute->rta_len = static_cast<uint16_t>(RTA_LENGTH(text.size() + 1));
  std::memcpy(RTA_DATA(attribute), text.data(), text.size());
}

size_t Message::open(uint16_t type) {
  const size_t mark = size_;
  putBytes(type, nullptr, 0);
  return mark;
}

void Message::close(size_t mark) {
  reinterpret_cast<rtattr*>(buffer_.data() + mark)->rta_len = static_cast<uint16_t>(size_ - mark);
}

}  // namespace lx::netlink
