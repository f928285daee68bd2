#include "keeper/launch.h"

#include <fcntl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <vector>

#include "base/read.h"
#include "base/sys_error.h"
#include "base/syscalls.h"
#include "cgroup/tree.h"
#include "keeper/child.h"
#include "keeper/layers.h"
#include "keeper/report.h"
#include "keeper/run_files.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

constexpr int kBusyMilliseconds = 2000;

/// Runs one stage; its failure carries the stage's name.
template <typename Action>
auto stage(const char* name, Action action) {
  try {
    return action();
  } catch (const SysError& error) {
    throw Failure{name, error.call(), error.number(), error.subject()};
  }
}

void prepareGroups(const Plan& plan, Launch kind) {
  const unsigned uid = mapped(plan.uids, 0);
  const unsigned gid = mapped(plan.gids, 0);
  for (const auto& directory : plan.cgroups.create) {
    cgroup::create(directory.path);
    if (!directory.delegate) continue;
    if (kind == Launch::again) cgroup::clear(directory.path, kBusyMilliseconds);
    cgroup::delegate(directory.path, uid, gid);
  }
  if (kind == Launch::again) return;
  for (const auto& value : plan.cgroups.write) cgroup::write(value.path, value.value);
}

std::string mapText(const std::vector<IdRange>& ranges) {
  std::string text;
  for (const auto& range : ranges) {
    text += std::to_string(range.inside) + " " + std::to_string(range.outside) + " " + std::to_string(range.count) + "\n";
  }
  return text;
}

/// Gives `child` the plan's hard limits that are above our own, which it has now; itself it may not raise them.
void raiseLimits(const Plan& plan, pid_t child) {
  for (const auto& limit : plan.rlimits) {
    const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
    rlimit now{};
    LX_SYS(::getrlimit(resource, &now), limit.name);
    if (limit.hard <= now.rlim_max) continue;
    now.rlim_max = limit.hard;
    LX_SYS(::prlimit(child, static_cast<__rlimit_resource>(resource), &now, nullptr), limit.name);
  }
}

/// Writes the maps; gives the user namespace, or no fd when the plan has none.
UniqueFd writeMaps(const Plan& plan, pid_t child) {
  if (plan.uids.empty()) return {};
  const std::string process = "/proc/" + std::to_string(child);
  writeFile(process + "/uid_map", mapText(plan.uids));
  writeFile(process + "/gid_map", mapText(plan.gids));
  return userNamespace(plan, child);
}

std::string overlayOptions(const Plan& plan) {
  if (plan.root.kind != RootPlan::Kind::overlay) return {};
  std::string options = "lowerdir=";
  for (size_t i = 0; i < plan.root.lower.size(); ++i) options.append(i == 0 ? "" : ":").append(std::to_string(i));
  options += ",upperdir=u/upper,workdir=u/work";
  // Inside a user namespace overlayfs may not use trusted.* attributes.
  // A root that is started again at once may still be held by the keeper of its last life (Instance::root); with an index
  // the kernel would refuse its upper directory as in use.
  options += ",index=off";
  if ((plan.namespaces & CLONE_NEWUSER) != 0) options += ",userxattr";
  return options;
}

std::vector<char*> pointers(const std::vector<const char*>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (const char* text : texts) list.push_back(const_cast<char*>(text));
  list.push_back(nullptr);
  return list;
}

bool hasLocks(const Plan& plan, const std::vector<UniqueFd>& layers) {
  for (size_t i = 0; i < layers.size(); ++i) {
    if (plan.layers[i].locked && layers[i].valid()) return true;
  }
  return false;
}

/// Mounts the locked layers where takeLockedLayers finds them.
void mountLocked(const Plan& plan, const std::vector<UniqueFd>& layers) {
  const std::string stage = stagePath(plan);
  LX_SYS(::mount("lxctl", stage.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64k"), stage);
  for (size_t i = 0; i < layers.size(); ++i) {
    if (!plan.layers[i].locked || !layers[i].valid()) continue;
    const std::string point = stage + "/" + std::to_string(i);
    makePoint(plan.layers[i], layers[i].get(), point);
    LX_SYS(::move_mount(layers[i].get(), "", AT_FDCWD, point.c_str(), MOVE_MOUNT_F_EMPTY_PATH), plan.layers[i].path);
  }
}

/// A mount namespace of our own for a while. Not for longer: it would keep alive what is unmounted on the host.
class MountRetreat {
 public:
  void enter() {
    home_ = LX_SYS_FD(::open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC));
    LX_SYS(::unshare(CLONE_NEWNS), "mount");
    LX_SYS(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "/");
  }
  ~MountRetreat() {
    // Into a namespace of the host's that we came from: nothing in it can refuse.
    if (home_.valid() && ::setns(home_.get(), CLONE_NEWNS) < 0) ::_exit(1);
  }

 private:
  UniqueFd home_;
};

/**
 * Makes the container's root the creator of its user namespace. The kernel counts inotify instances, pending signals and
 * the like of a namespace against its creator too, in the namespace above (user_namespaces(7), namespaces(7)): of a
 * hundred containers made by the host's root each would have a hundredth. Files and capabilities stay as they are.
 */
class Creator {
 public:
  explicit Creator(uid_t uid) {
    LX_SYS(::prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0));
    LX_SYS(::syscall(SYS_setresuid, -1, uid, -1), "euid");
    ::syscall(SYS_setfsuid, 0);
    changed_ = true;
  }
  ~Creator() {
    // Back to what it was: nothing can refuse. A change of ids sets this anew, from fs.suid_dumpable.
    if (changed_) ::syscall(SYS_setresuid, -1, 0, -1);
    ::prctl(PR_SET_SECUREBITS, 0, 0, 0, 0);
    ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
  Creator(const Creator&) = delete;
  Creator& operator=(const Creator&) = delete;

 private:
  bool changed_ = false;
};

/// One launch under way; unless it is finished, its end takes everything away again.
class Attempt {
 public:
  Attempt(const Plan& plan, Launch kind, int lock) : plan_(plan), kind_(kind), lock_(lock) {}
  ~Attempt() {
    if (!finished_) undo();
  }

  Instance run() {
    try {
      return steps();
    } catch (const Failure&) {
      // A child that failed makes our own steps fail too; what it said is the cause.
      Report report{};
      int fds[4];
      if (status_.valid() && ::fcntl(status_.get(), F_SETFL, O_NONBLOCK) == 0 && receiveReport(status_.get(), report, fds) == 1 &&
          report.kind == Report::Kind::failure) {
        throw Failure{report.stage, report.call, report.number, report.path};
      }
      throw;
    }
  }

 private:
  Instance steps() {
    stage("cgroup", [&] { openGroups(); });
    stage("layers", [&] { 
      for (size_t i = 0; i < plan_.layers.size(); ++i) {
        layers_.push_back(takeLayer(plan_, plan_.layers[i], static_cast<int>(i)));
        instance_.shown.push_back(shownBy(layers_.back()));
      }
    });
    MountRetreat retreat;
    locks_ = hasLocks(plan_, layers_);
    if (locks_) stage("namespaces", [&] { retreat.enter(); });
    stage("clone", [&] { clone(); });
    const UniqueFd userns = stage("idmap", [&] { return writeMaps(plan_, instance_.init); });
    stage("layers", [&] {
      for (size_t i = 0; i < layers_.size(); ++i) shapeLayer(plan_.layers[i], layers_[i], userns.get());
    });
    if (locks_) stage("layers", [&] { mountLocked(plan_, layers_); });
    stage("rlimits", [&] { raiseLimits(plan_, instance_.init); });
    tell(Go::maps);
    layers_.clear();
    stage("links", [&] { makeLinks(plan_, instance_.init, instance_.links); });
    tell(Go::exec);
    awaitExec();
    removeNodeFiles(plan_);
    instance_.startedAt = wallClock();
    finished_ = true;
    return std::move(instance_);
  }

  void openGroups() {
    prepareGroups(plan_, kind_);
    for (const char* directory : plan_.cgroups.join) {
      const std::string path = std::string(directory) + "/tasks";
      tasks_.push_back(LX_SYS_FD(::open(path.c_str(), O_WRONLY | O_CLOEXEC), path));
    }
    if (plan_.cgroups.cloneInto == nullptr) return;
    instance_.cgroup = LX_SYS_FD(::open(plan_.cgroups.cloneInto, O_RDONLY | O_DIRECTORY | O_CLOEXEC), plan_.cgroups.cloneInto);
  }

  void clone() {
    auto [ours, theirs] = socket::pair(socket::Mode::blocking);
    std::vector<int> keep{theirs.get()};
    std::vector<int> layers, tasks;
    for (const auto& layer : layers_) layers.push_back(layer.get());
    for (const auto& task : tasks_) tasks.push_back(task.get());
    std::copy_if(layers.begin(), layers.end(), std::back_inserter(keep), [](int fd) { return fd >= 0; });
    keep.insert(keep.end(), tasks.begin(), tasks.end());
    if (lock_ >= 0) keep.push_back(lock_);
    std::sort(keep.begin(), keep.end());
    std::vector<int> early(plan_.mounts.size(), -1);
    const std::string stage = stagePath(plan_);
    const std::string options = overlayOptions(plan_);
    const std::vector<char*> argv = pointers(plan_.init.argv);
    const std::vector<char*> env = pointers(plan_.init.env);
    const ChildInput input{plan_,
                           theirs.get(),
                           keep,
                           tasks,
                           {plan_, layers.data(), kind_ == Launch::again, locks_, early.data(), stage.c_str(), options.c_str()},
                           {argv.data(), env.data(), plan_.init.uid, plan_.init.gid},
                           lock_};
    int pidfd = -1;
    clone_args args{};
    args.flags = (plan_.namespaces & ~static_cast<uint64_t>(CLONE_NEWCGROUP)) | CLONE_PIDFD;
    // With locks the child leaves our namespace only when the locked layers are mounted there.
    if (locks_) args.flags &= ~static_cast<uint64_t>(CLONE_NEWNS);
    args.pidfd = reinterpret_cast<uint64_t>(&pidfd);
    args.exit_signal = SIGCHLD;
    if (instance_.cgroup.valid()) {
      args.flags |= CLONE_INTO_CGROUP;
      args.cgroup = static_cast<uint64_t>(instance_.cgroup.get());
    }
    const Creator creator(mapped(plan_.uids, 0));
    const pid_t pid = lx::clone3(args);
    if (pid == 0) kind_ == Launch::room ? holdRoom(input) : runChild(input);
    instance_.init = LX_SYS(pid < 0 ? -1 : pid, "clone3");
    instance_.pidfd = UniqueFd(pidfd);
    status_ = std::move(ours);
    tasks_.clear();
  }

  void tell(Go word) {
    // A child that failed has said why, and awaitExec reads it.
    (void)!::send(status_.get(), &word, 1, MSG_NOSIGNAL);
  }

  void awaitExec() {
    for (;;) {
      Report report{};
      int fds[4];
      const int got = receiveReport(status_.get(), report, fds);
      UniqueFd held[4] = {UniqueFd(fds[0]), UniqueFd(fds[1]), UniqueFd(fds[2]), UniqueFd(fds[3])};
      if (got <= 0) break;
      if (report.kind == Report::Kind::failure) throw Failure{report.stage, report.call, report.number, report.path};
      ready_ = true;
      instance_.console = std::move(held[0]);
      instance_.consoleSlave = std::move(held[1]);
      instance_.devpts = std::move(held[2]);
      instance_.routes = std::move(held[3]);
    }
    // The socket closed without a report: by the exec, by a room that is ready, or because the child was killed.
    siginfo_t info{};
    const bool ended = ::waitid(P_PID, static_cast<id_t>(instance_.init), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
    if (!ready_) throw Failure{"child", "waitid", ended ? ECHILD : EPIPE, ""};
    const std::string root = "/proc/" + std::to_string(instance_.init) + "/root";
    instance_.root = UniqueFd(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  void undo() {
    removeNodeFiles(plan_);
    if (instance_.init > 0) {
      ::kill(instance_.init, SIGKILL);
      while (::waitpid(instance_.init, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    LinkRemoval links;
    links.begin(instance_.links);
    links.finish();
    removeGroups(plan_);
  }

  const Plan& plan_;
  Launch kind_;
  int lock_;
  Instance instance_;
  std::vector<UniqueFd> layers_;
  std::vector<UniqueFd> tasks_;
  UniqueFd status_;
  bool locks_ = false;
  bool ready_ = false;
  bool finished_ = false;
};

}  // namespace

Instance launch(const Plan& plan, Launch kind, int lock) { return Attempt(plan, kind, lock).run(); }

std::string removeGroups(const Plan& plan) {
  std::string problems;
  for (const char* path : plan.cgroups.remove) {
    try {
      if (!cgroup::remove(path, kBusyMilliseconds)) problems.append("EBUSY: rmdir ").append(path).append("; ");
    } catch (const SysError& error) {
      problems.append(error.what()).append("; ");
    }
  }
  return problems;
}

uint64_t wallClock() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1000000;
}

}  // namespace lx::keeper
