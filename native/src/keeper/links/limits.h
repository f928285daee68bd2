#pragma once

#include "keeper/links/plan.h"
#include "netlink/socket.h"

namespace lx::keeper {

/// The host's end of a cable, where what goes over it is limited; null: the link has none.
const char* hostEndOf(const LinkKind& kind);

/// Puts the limits of a cable into force, whatever they were before. Idempotent. On failure a part of it may be left.
void limit(netlink::Socket& host, const char* hostName, const LinkLimits& limits);
/// Takes away what limits need beside the cable, which takes the rest along. Idempotent.
void dropLimits(netlink::Socket& host, const char* hostName);
/// Whether that is gone.
bool limitsGone(const char* hostName);

}  // namespace lx::keeper
