#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "netlink/message.h"

namespace lx::netlink {

/// connect(2) to the kernel: nobody else can send to the socket any more. Root of a network namespace may send to every
/// netlink socket in it, so a guest could answer in the kernel's place. -1 with errno.
int hearKernelOnly(int fd);

/// A NETLINK_ROUTE socket. It speaks for the network namespace it was made in, whatever thread uses it later.
/// One request at a time; a failure is a SysError named after the message type, with the kernel's words as detail.
class Socket {
 public:
  /// In the network namespace of the calling thread.
  static Socket open();
  /// Takes a socket that was made elsewhere.
  explicit Socket(UniqueFd fd);

  /// Sends and waits for the acknowledgement. `call` and `subject` go into the SysError.
  void request(Message& message, std::string_view call, std::string_view subject);
  using Visitor = std::function<void(const nlmsghdr*)>;
  /// Sends and calls `visit` with each message of the answer: one of a plain query, all of a dump (NLM_F_DUMP).
  /// A dump that changed under way (NLM_F_DUMP_INTR) throws EAGAIN.
  void query(Message& message, std::string_view call, std::string_view subject, const Visitor& visit);

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] UniqueFd take() { return std::move(fd_); }

 private:
  void send(Message& message, std::string_view call, std::string_view subject);
  /// Handles the messages of one datagram; true when the answer is complete.
  bool consume(const char* data, size_t size, std::string_view call, std::string_view subject, const Visitor& visit);

  UniqueFd fd_;
  uint32_t sequence_ = 0;
  bool interrupted_ = false;
};

}  // namespace lx::netlink
