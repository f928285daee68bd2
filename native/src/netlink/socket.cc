#include "netlink/socket.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <vector>

#include "base/sys_error.h"

namespace lx::netlink {

namespace {

/// The kernel fills at most this much of one recvmsg(2) in a dump (NLMSG_GOODSIZE on large pages).
constexpr size_t kDumpSize = 32768;

/// The kernel's own sentence about a refusal (NLMSGERR_ATTR_MSG), if it gave one.
std::string_view refusalText(const nlmsghdr* head) {
  if ((head->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(head));
  size_t offset = NLMSG_HDRLEN + sizeof *error;
  // Without NLM_F_CAPPED a refusal repeats the whole request before the attributes.
  if ((head->nlmsg_flags & NLM_F_CAPPED) == 0) offset += error->msg.nlmsg_len - sizeof error->msg;
  offset = NLMSG_ALIGN(offset);
  if (offset >= head->nlmsg_len) return {};
  const auto* attribute = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(head) + offset);
  for (size_t left = head->nlmsg_len - offset; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type == NLMSGERR_ATTR_MSG) return static_cast<const char*>(RTA_DATA(attribute));
  }
  return {};
}

}  // namespace

int hearKernelOnly(int fd) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
}

Socket Socket::open() { return Socket(LX_SYS_FD(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE))); }

Socket::Socket(UniqueFd fd) : fd_(std::move(fd)) {
  // Words for refusals, and refusals that do not repeat the request. Both are a comfort: older kernels lack them.
  const int on = 1;
  (void)::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  (void)::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  LX_SYS(hearKernelOnly(fd_.get()));
}

void Socket::send(Message& message, std::string_view call, std::string_view subject) {
  message.header()->nlmsg_seq = ++sequence_;
  interrupted_ = false;
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(fd_.get(), message.header(), message.size(), 0, reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
  if (sent < 0) throw SysError(call, errno, subject, "sendto");
}

bool Socket::consume(const char* data, size_t size, std::string_view call, std::string_view subject, const Visitor& visit) {
  const auto* head = reinterpret_cast<const nlmsghdr*>(data);
  for (size_t left = size; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
    if (head->nlmsg_seq != sequence_) continue;  // the rest of an answer that was given up
    if ((head->nlmsg_flags & NLM_F_DUMP_INTR) != 0) interrupted_ = true;
    if (head->nlmsg_type == NLMSG_ERROR) {
      const int number = -static_cast<const nlmsgerr*>(NLMSG_DATA(head))->error;
      if (number != 0) throw SysError(call, number, subject, refusalText(head));
      return true;
    }
    if (head->nlmsg_type == NLMSG_DONE) {
      if (interrupted_) throw SysError(call, EAGAIN, subject, "changed during the dump");
      return true;
    }
    if (visit) visit(head);
    if ((head->nlmsg_flags & NLM_F_MULTI) == 0 && visit) return true;
  }
  return false;
}

void Socket::request(Message& message, std::string_view call, std::string_view subject) {
  message.header()->nlmsg_flags |= NLM_F_ACK;
  send(message, call, subject);
  // An acknowledgement is some hundred bytes; the stack saves the keeper a heap page.
  alignas(NLMSG_ALIGNTO) std::array<char, 4096> answer;
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), answer.data(), answer.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SysError(call, errno, subject, "recv");
    if (consume(answer.data(), static_cast<size_t>(got), call, subject, nullptr)) return;
  }
}

void Socket::query(Message& message, std::string_view call, std::string_view subject, const Visitor& visit) {
  send(message, call, subject);
  std::vector<char> answer(kDumpSize);
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), answer.data(), answer.size(), MSG_TRUNC);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw SysError(call, errno, subject, "recv");
    if (static_cast<size_t>(got) > answer.size()) throw SysError(call, EMSGSIZE, subject, "answer is larger than the buffer");
    if (consume(answer.data(), static_cast<size_t>(got), call, subject, visit)) return;
  }
}

}  // namespace lx::netlink
