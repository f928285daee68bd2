#pragma once

#include <cstdint>
#include <string>

#include "keeper/plan.h"
#include "keeper/protocol.h"

namespace lx::keeper {

/// How an instance ended. Kept in <runDir>/<id>.end for a daemon that was not there.
struct EndRecord {
  EndReason reason;
  /// As waitpid(2) gives it.
  int status;
  /// Milliseconds since the epoch.
  uint64_t endedAt;
  std::string detail;
};

/// Writes the record in one rename; a failure is said on stderr, the keeper's log.
void saveEndRecord(const Plan& plan, const EndRecord& record);

}  // namespace lx::keeper
