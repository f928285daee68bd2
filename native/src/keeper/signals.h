#pragma once

#include "base/unique_fd.h"

namespace lx::keeper {

/// Ignores what would end a process that others depend on, and gives what tells of children that have ended.
UniqueFd childSignals();
/// Takes off what it has told so far.
void drainSignals(int signals);

}  // namespace lx::keeper
