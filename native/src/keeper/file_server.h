#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "keeper/launch.h"
#include "keeper/plan.h"

namespace lx::keeper {

/**
 * The processes that serve the files of one container (files/server.h), each to one client. They are children of who has this, live in
 * the container's namespaces but for that of its processes, and in none of its control groups: nobody inside sees, signals, traces or
 * freezes them. What they may do is less than the container's own root may.
 */
class FileServers {
 public:
  /// `init`: a pidfd of the container's, whose namespaces are entered. `lock`: what each server keeps open for as long as it lives, -1:
  /// nothing.
  FileServers(const Plan& plan, int init, int lock = -1) : plan_(plan), init_(init), lock_(lock) {}
  ~FileServers() { end(); }
  FileServers(const FileServers&) = delete;
  FileServers& operator=(const FileServers&) = delete;

  /// Starts one for the connection of that serial. Gives the client's end, and in `id` its name. Throws Failure.
  UniqueFd start(uint64_t owner, uint32_t& id);
  /// Kills it; its child is reaped later.
  void kill(uint32_t id);
  /// Kills those of a connection that is gone.
  void drop(uint64_t owner);
  /// Whether the process that was just reaped was one of them.
  bool reaped(pid_t pid);
  /// Kills all and reaps those that are gone within a second: a file system that the guest serves itself may hold one up longer, and it
  /// ends with the guest.
  void end();
  /// After a reboot: other namespaces.
  void move(int init);

 private:
  struct Server {
    uint32_t id;
    uint64_t owner;
    pid_t pid;
    UniqueFd process;
  };

  const Plan& plan_;
  int init_;
  int lock_;
  std::vector<Server> servers_;
  uint32_t last_ = 0;
};

}  // namespace lx::keeper
