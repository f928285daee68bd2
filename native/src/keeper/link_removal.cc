#include <net/if.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/launch.h"
#include "netlink/links.h"

namespace lx::keeper {

namespace {

constexpr int kAttempts = 20'000;
constexpr timespec kPause{0, 100'000};

[[noreturn]] void deleteAll(const std::vector<const char*>& names) {
  // It outlives the keeper by some milliseconds and must hold up nothing.
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  try {
    netlink::Socket socket = netlink::Socket::open();
    for (const char* name : names) {
      try {
        netlink::deleteLink(socket, name);
      } catch (const SysError&) {
        // ENODEV: gone with the network namespace. Whatever else it is, `finish` sees the name stay.
      }
    }
  } catch (const SysError&) {
  }
  ::_exit(0);
}

}  // namespace

void LinkRemoval::begin(const Plan& plan, size_t count) {
  if (count == 0 || !names_.empty()) return;
  for (size_t i = 0; i < count; ++i) names_.push_back(plan.links[i].hostName);
  // Without an exit signal: it ends on its own and nobody has to know (Service::reapChildren takes it off the process table).
  clone_args args{};
  const pid_t pid = lx::clone3(args);
  if (pid == 0) deleteAll(names_);
}

std::string LinkRemoval::finish() {
  for (int i = 0; i < kAttempts && !names_.empty(); ++i) {
    std::erase_if(names_, [](const char* name) { return ::if_nametoindex(name) == 0; });
    if (!names_.empty()) ::nanosleep(&kPause, nullptr);
  }
  std::string problems;
  for (const char* name : names_) problems.append("link ").append(name).append(" stays; ");
  names_.clear();
  return problems;
}

}  // namespace lx::keeper
