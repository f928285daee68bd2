#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "keeper/containment.h"
#include "keeper/launch.h"
#include "keeper/plan.h"

namespace lx::keeper {

/// An EXEC message, which it keeps.
struct ExecRequest {
  std::vector<std::byte> message;
  std::vector<char*> argv;
  std::vector<char*> env;
  const char* cwd;
  uint32_t uid;
  uint32_t gid;
  bool terminal;
  uint16_t columns;
  uint16_t rows;
};
bool decodeExec(std::vector<std::byte> message, ExecRequest& request);

/// A command on its way into the container.
struct SpawnedExec {
  /// Enters the namespaces, makes the command's process and ends. That process is a child of the keeper too.
  pid_t helper;
  /// Reports of both; closed by the command's exec.
  UniqueFd status;
};

/// `stdio`: three fds, unless a terminal is asked for. Throws Failure.
SpawnedExec spawnExec(const Plan& plan, Instance& instance, const ExecRequest& request, const std::vector<UniqueFd>& stdio);

}  // namespace lx::keeper
