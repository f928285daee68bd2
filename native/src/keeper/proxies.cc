#include "keeper/proxies.h"

#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/containment.h"
#include "keeper/launch.h"
#include "keeper/report.h"
#include "keeper/wire.h"
#include "proxy/server.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

constexpr rlim_t kFiles = 65536;
constexpr rlim_t kAddressSpace = 512U << 20;
/// For a path of the guest's whose file system does not answer.
constexpr unsigned kSeconds = 5;
constexpr size_t kMostListens = 1024;
constexpr size_t kMostProxies = 64;
/// One that ends sooner is not started again.
constexpr uint64_t kLeastMilliseconds = 1000;

/// SCM_MAX_FD of one message.
constexpr size_t kFdsAtOnce = 128;

[[noreturn]] void failListen(int status, const SysError& error) {
  errno = error.number();
  const std::string call = error.call() + "(";
  fail(status, "proxy", call.c_str(), error.subject().c_str());
}

void enter(int status, const Plan& plan) {
  // The third place holds the pidfd.
  constexpr uint64_t kOwn = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET;
  LX_MUST(status, "namespaces", ::setns(2, static_cast<int>(plan.namespaces & kOwn)));
  becomeRoot(status);
  LX_MUST(status, "root", ::chdir("/"), "/");
}

std::vector<UniqueFd> listenAll(int status, const ProxyPlan& proxy) {
  std::vector<UniqueFd> fds;
  for (const auto& address : proxy.listen) {
    try {
      fds.push_back(proxy::listenAt(address, proxy.owner));
    } catch (const SysError& error) {
      failListen(status, error);
    }
  }
  return fds;
}

void sendFds(int status, int socket, const std::vector<UniqueFd>& fds) {
  for (size_t at = 0; at < fds.size(); at += kFdsAtOnce) {
    const size_t count = std::min(kFdsAtOnce, fds.size() - at);
    std::vector<char> control(CMSG_SPACE(count * sizeof(int)), 0);
    char byte = 0;
    iovec content{&byte, 1};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(count * sizeof(int));
    auto* list = reinterpret_cast<int*>(CMSG_DATA(head));
    for (size_t i = 0; i < count; ++i) list[i] = fds[at + i].get();
    LX_MUST(status, "proxy", ::sendmsg(socket, &message, MSG_NOSIGNAL), "listeners");
  }
}

std::vector<UniqueFd> receiveFds(int status, int socket, size_t wanted) {
  std::vector<UniqueFd> fds;
  while (fds.size() < wanted) {
    std::vector<char> control(CMSG_SPACE(kFdsAtOnce * sizeof(int)), 0);
    char byte = 0;
    iovec content{&byte, 1};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    // Closed: the other process has said why, or was ended by its alarm.
    if (LX_MUST(status, "proxy", ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC), "listeners") == 0) ::_exit(1);
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
      if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) fds.emplace_back(reinterpret_cast<const int*>(CMSG_DATA(head))[i]);
    }
  }
  return fds;
}

/// Listens in the container by a process of its own, which gives the sockets out: the proxy itself never enters.
std::vector<UniqueFd> listenInside(int status, const Plan& plan, const ProxyPlan& proxy) {
  int ends[2];
  LX_MUST(status, "proxy", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  const pid_t pid = LX_MUST(status, "proxy", ::fork());
  if (pid == 0) {
    ::close(ends[0]);
    ::alarm(kSeconds);
    enter(status, plan);
    sendFds(status, ends[1], listenAll(status, proxy));
    ::_exit(0);
  }
  ::close(ends[1]);
  std::vector<UniqueFd> fds = receiveFds(status, ends[0], proxy.listen.size());
  ::close(ends[0]);
  ::waitpid(pid, nullptr, 0);
  return fds;
}

void limitProxy(int status) {
  const rlimit files{kFiles, kFiles};
  const rlimit memory{kAddressSpace, kAddressSpace};
  const rlimit none{0, 0};
  // The host may allow less (fs.nr_open).
  ::setrlimit(RLIMIT_NOFILE, &files);
  LX_MUST(status, "rlimits", ::setrlimit(RLIMIT_AS, &memory), "as");
  LX_MUST(status, "rlimits", ::setrlimit(RLIMIT_CORE, &none), "core");
}

/// What connecting needs of root's rights: a unix socket that root may open.
uint64_t capabilitiesFor(const ProxyPlan& proxy) {
  const bool paths = std::any_of(proxy.connect.begin(), proxy.connect.end(), [](const auto& each) { return each.kind == proxy::Kind::path; });
  return paths && proxy.uid == 0 ? 1U << CAP_DAC_OVERRIDE : 0U;
}

[[noreturn]] void runProxy(const Plan& plan, const ProxyPlan& proxy, int status, int init) {
  const pid_t parent = ::getppid();
  status = keepOnly(status, init, init, init);
  resetProcess();
  ::signal(SIGPIPE, SIG_IGN);
  limitProxy(status);
  std::vector<UniqueFd> fds = proxy.inside ? listenInside(status, plan, proxy) : listenAll(status, proxy);
  if (!proxy.inside) enter(status, plan);
  else LX_MUST(status, "ids", ::syscall(SYS_setgroups, 0, nullptr));
  const uint64_t kept = capabilitiesFor(proxy);
  dropBounds(status, kept);
  becomeUser(status, proxy.uid, proxy.gid);
  keepCapabilities(status, plan, kept);
  LX_MUST(status, "exec", ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
  if (::getppid() != parent) ::_exit(1);
  std::vector<proxy::Entrance> entrances;
  for (size_t i = 0; i < fds.size(); ++i) {
    const size_t target = proxy.connect.size() == 1 ? 0 : i;
    entrances.push_back({std::move(fds[i]), proxy.listen[i].kind, proxy.connect[target]});
  }
  for (int fd = 0; fd < 3; ++fd) ::close(fd);
  sendReport(status, Report{Report::Kind::ready, 0, {}, {}, {}});
  ::close(status);
  proxy::serve(std::move(entrances), proxy.header);
}

void awaitReady(int status) {
  const timeval patience{kSeconds + 2, 0};
  LX_SYS(::setsockopt(status, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience));
  Report report{};
  int fds[4];
  const int got = receiveReport(status, report, fds);
  if (got == 1 && report.kind == Report::Kind::ready) return;
  if (got == 1) throw Failure{report.stage, report.call, report.number, report.path};
  throw Failure{"proxy", "alarm", ETIMEDOUT, ""};
}

}  // namespace

void readProxy(Reader& in, ProxyPlan& proxy) {
  const auto addresses = [&](std::vector<proxy::Address>& list) {
    list.resize(in.count(8));
    for (auto& each : list) {
      const uint8_t kind = in.u8();
      if (kind > 3) in.refuse();
      each = {static_cast<proxy::Kind>(kind), in.text(), in.u16()};
    }
  };
  proxy.name = in.text();
  proxy.inside = in.flag();
  proxy.header = in.flag();
  addresses(proxy.listen);
  addresses(proxy.connect);
  proxy.owner = {in.u32() & 0777, in.u32(), in.u32()};
  proxy.uid = in.u32();
  proxy.gid = in.u32();
  const bool counts = !proxy.listen.empty() && proxy.listen.size() <= kMostListens && (proxy.connect.size() == 1 || proxy.connect.size() == proxy.listen.size());
  if (!counts) in.refuse();
}

void Proxies::start(ProxyPlan proxy) {
  const auto same = [&](const Running& each) { return each.plan.name == proxy.name; };
  if (std::any_of(running_.begin(), running_.end(), same)) throw Failure{"proxy", "start", EEXIST, proxy.name};
  if (running_.size() >= kMostProxies) throw Failure{"proxy", "start", EAGAIN, proxy.name};
  running_.push_back(spawn(proxy));
}

Proxies::Running Proxies::spawn(const ProxyPlan& proxy) {
  try {
    auto [status, said] = socket::pair(socket::Mode::blocking);
    int pidfd = -1;
    const pid_t pid = lx::forkWithPidfd(pidfd);
    if (pid == 0) runProxy(plan_, proxy, said.get(), init_);
    LX_SYS(pid < 0 ? -1 : pid, "clone3");
    Running made{proxy, pid, UniqueFd(pidfd), wallClock()};
    said.reset();
    try {
      awaitReady(status.get());
    } catch (const Failure&) {
      // A child that failed is reaped like any other.
      ::syscall(SYS_pidfd_send_signal, made.process.get(), SIGKILL, nullptr, 0);
      throw;
    }
    return made;
  } catch (const SysError& error) {
    throw Failure{"proxy", error.call(), error.number(), error.subject()};
  }
}

void Proxies::stop(const std::string& name) {
  for (auto each = running_.begin(); each != running_.end(); ++each) {
    if (each->plan.name != name) continue;
    ::syscall(SYS_pidfd_send_signal, each->process.get(), SIGKILL, nullptr, 0);
    // It is ready to die at once: its addresses are free when this returns.
    ::waitpid(each->pid, nullptr, 0);
    running_.erase(each);
    return;
  }
}

bool Proxies::reaped(pid_t pid) {
  const auto known = std::find_if(running_.begin(), running_.end(), [pid](const Running& each) { return each.pid == pid; });
  if (known == running_.end()) return false;
  const ProxyPlan plan = std::move(known->plan);
  const bool quick = wallClock() - known->startedAt < kLeastMilliseconds;
  running_.erase(known);
  if (!quick) again(plan);
  else std::fprintf(stderr, "proxy %s of %s: ended as soon as it began\n", plan.name.c_str(), plan_.id);
  return true;
}

void Proxies::again(const ProxyPlan& proxy) {
  try {
    running_.push_back(spawn(proxy));
  } catch (const Failure& failure) {
    std::fprintf(stderr, "proxy %s of %s: %s: %s\n", proxy.name.c_str(), plan_.id, failure.call.c_str(), std::strerror(failure.number));
  }
}

void Proxies::end() {
  for (const auto& each : running_) ::syscall(SYS_pidfd_send_signal, each.process.get(), SIGKILL, nullptr, 0);
  for (auto& each : running_) {
    ::waitpid(each.pid, nullptr, 0);
    ended_.push_back(std::move(each.plan));
  }
  running_.clear();
}

void Proxies::move(int init) {
  end();
  init_ = init;
  for (const auto& proxy : ended_) again(proxy);
  ended_.clear();
}

}  // namespace lx::keeper
