#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "keeper/links/links.h"
#include "keeper/plan.h"

namespace lx::keeper {

/// A step of a launch, an exec or another request that failed.
struct Failure {
  std::string stage;
  std::string call;
  int number;
  std::string path;
};

/// A container that runs: what the keeper holds of it.
struct Instance {
  /// By each layer of the plan.
  std::vector<Shown> shown;
  pid_t init = -1;
  UniqueFd pidfd;
  /// Master of the console, and its slave, held open so that the master never hangs up.
  UniqueFd console;
  UniqueFd consoleSlave;
  /// Root of the container's devpts: later terminals are opened through it, without a path that the guest controls.
  UniqueFd devpts;
  /// A NETLINK_ROUTE socket of the container's network namespace; not valid without one.
  UniqueFd routes;
  /// The root, only held: the last hold of an overlay writes its upper file system out, which takes as long as the disk
  /// does. Init's death would wait for it; so the keeper lets go last, when the end has been told.
  UniqueFd root;
  MadeLinks links;
  /// The v2 group; not valid without one.
  UniqueFd cgroup;
  /// Milliseconds since the epoch.
  uint64_t startedAt = 0;
};

/// Again: a reboot of the guest; the groups stay as they are, with limits that were changed meanwhile. Room: no init runs in the root,
/// only a process that holds the namespaces.
enum class Launch { first, again, room };

/// Brings the plan's container up. `lock`: what the process of a room keeps open for as long as it lives. Throws Failure; then nothing is
/// left of it.
Instance launch(const Plan& plan, Launch kind, int lock = -1);

/// Removes the plan's groups once init is dead. Gives words about what could not be removed.
std::string removeGroups(const Plan& plan);

/// Milliseconds since the epoch.
uint64_t wallClock();

}  // namespace lx::keeper
