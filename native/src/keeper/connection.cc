#include "keeper/connection.h"

#include "base/sys_error.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

void Connection::send(const Writer& message, std::initializer_list<int> fds) {
  if (!fd.valid()) return;
  try {
    socket::send(fd.get(), message.data(), std::span(fds.begin(), fds.size()));
  } catch (const SysError&) {
    fd.reset();
  }
}

void Connection::sendFailure(uint32_t seq, const Failure& failure) {
  Writer message(Type::failed, seq);
  message.text(failure.stage).text(failure.call).u32(static_cast<uint32_t>(failure.number)).text(failure.path);
  send(message);
}

UniqueFd acceptRoot(int listener) {
  try {
    UniqueFd fd = socket::accept(listener, socket::Mode::nonblocking);
    if (fd.valid() && socket::peerCredentials(fd.get()).uid != 0) fd.reset();
    return fd;
  } catch (const SysError&) {
    // Out of fds, most likely; the connection stays in the queue.
    return {};
  }
}

}  // namespace lx::keeper
