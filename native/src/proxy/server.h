#pragma once

#include <vector>

#include "proxy/address.h"

namespace lx::proxy {

/// A socket that listens, and where what comes at it goes to.
struct Entrance {
  UniqueFd fd;
  Kind kind;
  Address target;
};

/// Carries all that comes. Does not return. `header`: with the PROXY protocol's first line.
[[noreturn]] void serve(std::vector<Entrance> entrances, bool header);

}  // namespace lx::proxy
