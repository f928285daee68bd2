#pragma once

#include "base/unique_fd.h"

namespace lx::netlink {

/// A socket that hears of the kernel's devices (netlink(7), NETLINK_KOBJECT_UEVENT). Does not block.
UniqueFd watchDevices();

/// Reads what there is: whether a device with a node has come, changed or gone, or some may have.
bool readDeviceChanges(int fd);

}  // namespace lx::netlink
