#pragma once

#include <span>

#include "keeper/containment.h"
#include "keeper/plan.h"
#include "keeper/root.h"

namespace lx::keeper {

/// All that the container's first process needs, made before the clone.
struct ChildInput {
  const Plan& plan;
  int status;
  /// Sorted; every other fd is closed at once.
  std::span<const int> keep;
  /// The v1 hierarchies' `tasks` files, open for writing.
  std::span<const int> tasks;
  RootInput root;
  Program program;
  /// Of a room: kept open to the end. -1: none.
  int lock;
};

/// From the clone to the exec of init, in the order that launch-plan.ts fixes.
[[noreturn]] void runChild(const ChildInput& input);

/// The same of a room: builds the root, keeps no right and nothing open but the lock, and stays until it is killed, or its keeper is.
[[noreturn]] void holdRoom(const ChildInput& input);

}  // namespace lx::keeper
