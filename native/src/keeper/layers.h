#pragma once

#include <string>

#include "base/unique_fd.h"
#include "keeper/plan.h"

namespace lx::keeper {

/// A copy of the layer's mount, not attached anywhere; not valid where an optional one is missing. `index` as in nodeFile: what it
/// makes is to be removed (removeNodeFiles) when the mount is in its place. Throws SysError.
UniqueFd takeLayer(const Plan& plan, const Layer& layer, int index);
/// What a layer's mount shows, to know it again; zeros of none.
Shown shownBy(const UniqueFd& mount);
/// Cuts it off from the host's mount events, or has it hear them and tell none, gives it its flags and the map of `userns`. What is not valid stays so.
void shapeLayer(const Layer& layer, const UniqueFd& mount, int userns);
/// The user namespace of a process of the container; not valid when the plan has none.
UniqueFd userNamespace(const Plan& plan, pid_t process);

/// An empty directory that each child hides under mounts of its own.
std::string stagePath(const Plan& plan);
/// Makes a mount point of the layer's kind at `path`: a directory goes onto a directory, all else onto a file.
void makePoint(const Layer& layer, int mount, const std::string& path);

}  // namespace lx::keeper
