#include "keeper/keeper.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/read.h"
#include "base/sys_error.h"
#include "cgroup/tree.h"
#include "keeper/run_files.h"
#include "keeper/service.h"
#include "keeper/signals.h"
#include "keeper/title.h"

namespace lx::keeper {

namespace {

/// From here on a failure of the keeper's own must not unwind: it aborts, and the nursery clears up by the plan.
[[noreturn]] void serve(const Plan& plan, Service& service, Connection connection, uint32_t seq) noexcept {
  service.greet(std::move(connection), seq);
  forgetLaunch();
  const EndRecord end = service.run();
  saveEndRecord(plan, end);
  removeRunFiles(plan);
  service.announce(end);
  ::_exit(0);
}

}  // namespace

void runKeeper(std::vector<std::byte> message, UniqueFd fd) {
  const uint32_t seq = seqOf(message);
  Connection connection{std::move(fd), 1};
  Plan plan;
  std::string_view problem;
  if (!decodePlan(std::move(message), plan, problem)) {
    connection.sendFailure(seq, {"plan", "decode", EINVAL, std::string(problem)});
    ::_exit(1);
  }
  setTitle(plan.name);
  // Not that of whoever started the nursery, for the container's processes may have to do with it (joinKeyring).
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  UniqueFd listener;
  try {
    UniqueFd signals = childSignals();
    listener = listenAt(plan);
    savePlan(plan);
    // Its files may have been served until now: two mounts of one upper layer at once are undefined (overlayfs.rst).
    awaitRoomEnd(runFile(plan, "room"));
    Console console(plan.console.ringBytes);
    Instance instance = launch(plan, Launch::first);
    ::unlink(runFile(plan, "end").c_str());
    Service service(plan, std::move(instance), std::move(console), std::move(listener), std::move(signals));
    serve(plan, service, std::move(connection), seq);
  } catch (const Failure& failure) {
    removeRunFiles(plan);
    connection.sendFailure(seq, failure);
  } catch (const SysError& error) {
    // Only a socket of our own is ours to remove: EADDRINUSE means that the instance runs.
    if (listener.valid()) removeRunFiles(plan);
    connection.sendFailure(seq, {"keeper", error.call(), error.number(), error.subject()});
  }
  ::_exit(1);
}

void sweepDead(const std::string& planPath) {
  const std::string content = readFile(planPath);
  const auto* start = reinterpret_cast<const std::byte*>(content.data());
  Plan plan;
  std::string_view problem;
  if (!decodePlan({start, start + content.size()}, plan, problem)) {
    std::fprintf(stderr, "%s: %s\n", planPath.c_str(), problem.data());
    return;
  }
  if (plan.cgroups.cloneInto != nullptr) cgroup::killAll(plan.cgroups.cloneInto);
  for (const char* path : plan.cgroups.join) cgroup::killAll(path);
  restoreLinks(plan);
  const MadeLinks made = plannedLinks(plan);
  LinkRemoval links;
  links.begin(made);
  const std::string problems = removeGroups(plan) + links.finish();
  removeRunFiles(plan);
  // Last, for a daemon waits for it.
  saveEndRecord(plan, {EndReason::killed, SIGKILL, wallClock(), "the keeper was killed; " + problems});
}

}  // namespace lx::keeper
