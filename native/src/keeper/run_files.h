#pragma once

#include <string>

#include "base/unique_fd.h"
#include "keeper/plan.h"

namespace lx::keeper {

// A keeper's files in the run directory: its socket and its plan.

/// <runDir>/<id>.<suffix>
std::string runFile(const Plan& plan, const char* suffix);
/// Listens at <id>.sock. A file without a listener is left over from a killed keeper. EADDRINUSE: the instance runs.
UniqueFd listenAt(const Plan& plan);
void savePlan(const Plan& plan);
/// Keeps which links there are by now, for clearing up: some have come and gone since the launch.
void saveLinks(const Plan& plan);
/// Puts the links that were kept in the place of those of the plan. What they are made of is added to the plan.
void restoreLinks(Plan& plan);
/// Where the node of a layer is while it is brought to its place: no mount goes without a name of what it shows. -1: of a device
/// that comes while the container runs.
std::string nodeFile(const Plan& plan, int layer);
void removeNodeFiles(const Plan& plan);
void removeRunFiles(const Plan& plan);

/// Takes <id>.room: every process of a room of files has it open, so that it stays locked (flock(2)) until the last of them can reach
/// the root no more, whoever was killed. Waits a while for an earlier room that ends; then EBUSY.
UniqueFd lockRoom(const Plan& plan);
/// Waits a while until no process is left of the room whose file is at `path`, and removes that; then EBUSY.
void awaitRoomEnd(const std::string& path);

enum class Listening { nobody, somebody };
/// Whether anyone listens at `path`, and in `process` a pidfd of who it is. That is not valid where the queue of a stopped
/// listener is full, for then it cannot be asked.
Listening listenerAt(const std::string& path, UniqueFd& process);

}  // namespace lx::keeper
