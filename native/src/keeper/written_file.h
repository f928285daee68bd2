#pragma once

#include "keeper/plan.h"

namespace lx::keeper {

/// Writes the file of a step inside the root that this process has, before anything else is mounted there. One that is there
/// keeps its owner and mode; one that is not is there whole or not at all. What the guest left at the path may lead wherever
/// the guest itself could go, and holds nothing up. After the clone: no allocation, no exceptions.
void writeFileStep(int status, const MountStep& step);

}  // namespace lx::keeper
