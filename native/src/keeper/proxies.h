#pragma once

#include <sys/types.h>

#include <list>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "keeper/plan.h"
#include "proxy/address.h"

namespace lx::keeper {

/// A proxy device as libs/host/src/proxy-plan.ts describes it.
struct ProxyPlan {
  std::string name;
  /// Listens in the container and connects on the host; else the other way round.
  bool inside;
  bool header;
  /// As many targets as addresses, or one for all.
  std::vector<proxy::Address> listen;
  std::vector<proxy::Address> connect;
  proxy::Owner owner;
  /// Who connects.
  uint32_t uid;
  uint32_t gid;
};

void readProxy(Reader& in, ProxyPlan& proxy);

/**
 * The processes of a container's proxies, one each: it listens on one side, enters the other for good, and connects there for each
 * client. It is a child of who has this and in none of the container's control groups, has no capability but that of opening what root
 * may open, and nobody inside sees or signals it.
 */
class Proxies {
 public:
  Proxies(const Plan& plan, int init) : plan_(plan), init_(init) {}
  ~Proxies() { end(); }
  Proxies(const Proxies&) = delete;
  Proxies& operator=(const Proxies&) = delete;

  /// Resolves when it listens. EEXIST: there is one of that name. Throws Failure.
  void start(ProxyPlan proxy);
  /// Ends it; what is not there is no failure.
  void stop(const std::string& name);
  /// Whether the process that was just reaped was one of them. One that ended by itself is started again.
  bool reaped(pid_t pid);
  /// Until `move`, if the guest reboots.
  void end();
  /// After a reboot: the same ones, to other namespaces. Of one that cannot be had again the keeper's log tells.
  void move(int init);

 private:
  struct Running {
    ProxyPlan plan;
    pid_t pid;
    UniqueFd process;
    /// Milliseconds since the epoch.
    uint64_t startedAt;
  };

  Running spawn(const ProxyPlan& proxy);
  void again(const ProxyPlan& proxy);

  const Plan& plan_;
  int init_;
  std::list<Running> running_;
  std::list<ProxyPlan> ended_;
};

}  // namespace lx::keeper
