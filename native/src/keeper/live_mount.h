#pragma once

#include <sys/types.h>

#include "base/unique_fd.h"
#include "keeper/launch.h"
#include "keeper/plan.h"

namespace lx::keeper {

/// A change of the mounts of a running container, under way: a process of its own makes it, for a guest can have a path of its
/// own take for ever (a file system in user space).
struct LiveMount {
  /// One report, `ready` or a failure. Closed without one: the process was ended, by its own alarm or by the guest.
  UniqueFd status;
  /// Its pidfd.
  UniqueFd process;
  Shown shown{};
};

/// Mounts a layer. Throws Failure.
LiveMount spawnMount(const Plan& plan, const Instance& instance, const Layer& layer, const MountStep& step);
/// Takes off what is mounted at `target` if it is what the layer shows, and with `remove` the empty file that it was mounted on. What
/// the guest has put in its place stays. Throws Failure.
LiveMount spawnUnmount(const Plan& plan, const Instance& instance, const char* target, const Shown& shown, bool remove);

}  // namespace lx::keeper
