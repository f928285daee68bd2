#pragma once

#include <cstddef>

#include "keeper/plan.h"

namespace lx::keeper {

// The child's mount steps. After the clone: no allocation, no exceptions.

struct RootInput {
  const Plan& plan;
  /// A fd for each layer, -1 where an optional one is missing. Those of locked layers are replaced here.
  int* layers;
  /// A reboot of the guest: what is to be done once is not done again.
  bool again;
  /// Whether there is any locked layer.
  bool locks;
  /// An fd for each mount step; filled here for those that are `early`.
  int* early;
  /// An empty directory on the host: the tmpfs on which the root is put together hides it, in this namespace only.
  const char* stage;
  /// The overlay's options, relative to the stage.
  const char* overlayOptions;
};

/// What the mounts leave in hand; -1 where the plan has no such mount.
struct RootResult {
  int proc = -1;
  int devpts = -1;
  int console = -1;
  /// Its slave as devpts shows it, and as the plan's console shows it: init's stdio.
  int consoleSlave = -1;
  int stdio = -1;
};

/// Leaves the keeper's mount namespace, in which the locked layers are mounted at <stage>/<number>, for one that belongs to
/// the user namespace. The kernel locks the flags of what it copies so (mount_namespaces(7)); the copies become the layers.
void takeLockedLayers(int status, const RootInput& input);
/// Cuts this namespace off from the host's and goes to the stage. Before the ids change: the way there may be root's alone.
void enterStage(int status, const RootInput& input);
/// Mounts marked `early`, detached, while the host's /proc and /sys are still in view.
void makeEarlyMounts(int status, const RootInput& input);
/// Builds the root on the stage, makes it this process's root and drops the old one.
void enterRoot(int status, const RootInput& input);
/// All steps of the plan, in order, inside the new root.
RootResult runMountSteps(int status, const RootInput& input);

/// Has mounts that are made later reach the mount namespaces made from this one, as on a host: an init such as systemd hands
/// credentials and the like to its services so. This namespace shares with nobody above it.
void shareMounts(int status);

/// Puts a detached mount at `target`, which is resolved in the root that this process has; makes it where it is missing.
void place(int status, int mount, const char* target, MountStep::Create create);

/// Opens inside the root this process has; links of procfs that lead elsewhere are not followed.
int openTarget(const char* path, uint64_t flags, uint64_t mode = 0);
/// Makes the directories above `path`, and `path` too when `last`.
void makeDirectories(int status, const char* path, bool last);

/// Opens a new pty of the devpts instance whose root is `devpts`. Gives the master; the slave in `slave`.
int openPty(int status, const char* stage, int devpts, int& slave);

}  // namespace lx::keeper
