#pragma once

#include <cstdint>
#include <initializer_list>

#include "base/unique_fd.h"
#include "keeper/launch.h"
#include "keeper/wire.h"

namespace lx::keeper {

/// One daemon at the other end. A daemon that is gone, or does not read, never holds us up: its connection is dropped.
struct Connection {
  UniqueFd fd;
  uint64_t serial;

  void send(const Writer& message, std::initializer_list<int> fds = {});
  void sendFailure(uint32_t seq, const Failure& failure);
};

/// Takes a connection if one waits and root is at its other end; else the fd is not valid.
UniqueFd acceptRoot(int listener);

}  // namespace lx::keeper
