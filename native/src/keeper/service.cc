#include "keeper/service.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/sys_error.h"
#include "cgroup/tree.h"
#include "keeper/report.h"
#include "keeper/run_files.h"
#include "keeper/signals.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

constexpr size_t kMaxConnections = 64;

/// The first places in the poll list; connections and then execs follow.
enum Place : size_t { atSignals, atListener, atMaster, atClient, atMount, atConnections };

Failure failureOf(const SysError& error, const char* stage) { return {stage, error.call(), error.number(), error.subject()}; }

}  // namespace

Service::Service(Plan& plan, Instance instance, Console console, UniqueFd listener, UniqueFd signals) noexcept
    : plan_(plan), instance_(std::move(instance)), console_(std::move(console)), listener_(std::move(listener)), signals_(std::move(signals)), files_(plan_, instance_.pidfd.get()), proxies_(plan_, instance_.pidfd.get()) {
  console_.adopt(std::move(instance_.console), std::move(instance_.consoleSlave));
}

void Service::greet(Connection connection, uint32_t seq) {
  connections_.push_back(std::move(connection));
  sendRunning(connections_.back(), Type::running, seq);
}

Writer Service::describe(Type type, uint32_t seq) const {
  Writer message(type, seq);
  message.u32(kProtocolVersion).text(plan_.id).u32(static_cast<uint32_t>(instance_.init)).u64(instance_.startedAt).u32(reboots_);
  return message;
}

void Service::sendRunning(Connection& connection, Type type, uint32_t seq) {
  if (instance_.routes.valid()) connection.send(describe(type, seq), {instance_.pidfd.get(), instance_.routes.get()});
  else connection.send(describe(type, seq), {instance_.pidfd.get()});
}

EndRecord Service::run() {
  for (;;) {
    while (!initEnded_) turn();
    files_.end();
    proxies_.end();
    endExecs();
    endMounts();
    console_.drain();
    const int signal = WIFSIGNALED(initStatus_) ? WTERMSIG(initStatus_) : 0;
    EndReason reason = signal == SIGINT ? EndReason::poweroff : signal != 0 ? EndReason::killed : EndReason::exited;
    links_.begin(instance_.links);
    std::string detail = links_.finish();
    // The kernel ends init by SIGHUP when the guest asks for a restart, by SIGINT for power off and halt (reboot(2)).
    if (signal == SIGHUP && !killed_) {
      if (mayReboot(detail) && reboot(detail)) continue;
      reason = EndReason::rebootFailed;
    }
    detail += removeGroups(plan_);
    try {
      console_.ring().save(plan_.console.logPath);
    } catch (const SysError& error) {
      detail.append(error.what());
    }
    return {reason, initStatus_, wallClock(), detail};
  }
}

void Service::announce(const EndRecord& end) {
  Writer message(Type::ended, 0);
  message.u8(static_cast<uint8_t>(end.reason)).u32(static_cast<uint32_t>(end.status)).u64(end.endedAt).text(end.detail);
  for (auto& connection : connections_) connection.send(message);
}

bool Service::mayReboot(std::string& detail) {
  if (brake_.allows()) return true;
  detail.append("it rebooted more than ").append(std::to_string(RebootBrake::kMost)).append(" times within a minute; ");
  return false;
}

bool Service::reboot(std::string& detail) {
  try {
    instance_ = Instance{};
    instance_ = launch(plan_, Launch::again);
    files_.move(instance_.pidfd.get());
    proxies_.move(instance_.pidfd.get());
  } catch (const Failure& failure) {
    detail.append(failure.stage).append(": ").append(failure.call).append(" ").append(failure.path).append(": ");
    detail.append(strerrorname_np(failure.number) != nullptr ? strerrorname_np(failure.number) : "EIO").append("; ");
    return false;
  }
  console_.adopt(std::move(instance_.console), std::move(instance_.consoleSlave));
  initEnded_ = false;
  ++reboots_;
  for (auto& connection : connections_) sendRunning(connection, Type::rebooted, 0);
  return true;
}

void Service::turn() {
  polled_.clear();
  polled_.push_back({signals_.get(), POLLIN, 0});
  polled_.push_back({connections_.size() < kMaxConnections ? listener_.get() : -1, POLLIN, 0});
  console_.watch(polled_);
  polled_.push_back({mounts_.empty() ? -1 : mounts_.front().live.status.get(), POLLIN, 0});
  const size_t connections = connections_.size();
  for (const auto& connection : connections_) polled_.push_back({connection.fd.get(), POLLIN, 0});
  const size_t execs = execs_.size();
  for (const auto& exec : execs_) polled_.push_back({exec.status.get(), POLLIN, 0});
  if (::poll(polled_.data(), polled_.size(), console_.pause()) < 0) return;

  for (size_t i = 0; i < execs; ++i) {
    if (polled_[atConnections + connections + i].revents != 0) hear(execs_[i]);
  }
  if (polled_[atMount].revents != 0) hearMount();
  if (polled_[atSignals].revents != 0) {
    drainSignals(signals_.get());
    reapChildren();
  }
  if ((polled_[atMaster].revents | polled_[atClient].revents) != 0) console_.handle(polled_[atMaster].revents, polled_[atClient].revents);
  for (size_t i = 0; i < connections; ++i) {
    if (polled_[atConnections + i].revents != 0) take(connections_[i]);
  }
  if (polled_[atListener].revents != 0) {
    if (UniqueFd fd = acceptRoot(listener_.get()); fd.valid()) connections_.push_back({std::move(fd), ++serial_});
  }
  dropGone();
  std::erase_if(execs_, [](const Exec& exec) { return exec.helper < 0 && !exec.status.valid() && (exec.ended || exec.pid < 0); });
}

void Service::take(Connection& connection) {
  socket::Message message;
  try {
    switch (socket::receive(connection.fd.get(), message)) {
      case socket::Receipt::empty: return;
      case socket::Receipt::closed: connection.fd.reset(); return;
      case socket::Receipt::message: answer(connection, message); return;
    }
  } catch (const SysError&) {
    connection.fd.reset();
  }
}

void Service::answer(Connection& connection, socket::Message& message) {
  Reader in(message.data);
  const auto type = static_cast<Type>(in.u16());
  in.u16();
  const uint32_t seq = in.u32();
  const Failure malformed{"request", "decode", EINVAL, ""};
  if (!in.good()) return connection.sendFailure(seq, malformed);
  try {
    switch (type) {
      case Type::info: return sendRunning(connection, Type::running, seq);
      case Type::exec: return startExec(connection, seq, message);
      case Type::execSignal: return signalExec(connection, seq, in);
      case Type::renew: renew(); return connection.send(Writer(Type::done, seq));
      case Type::mount:
      case Type::unmount: return queueMount(connection, type, seq, message);
      case Type::plug: return plug(connection, seq, message);
      case Type::unplug: return unplug(connection, seq, in);
      case Type::limit: return limitLink(connection, seq, in);
      case Type::files: return startFiles(connection, seq);
      case Type::filesEnd: return endFiles(connection, seq, in);
      case Type::proxy: return startProxy(connection, seq, in);
      case Type::proxyEnd: return endProxy(connection, seq, in);
      case Type::kill: kill(); return connection.send(Writer(Type::done, seq));
      case Type::signal: {
        const auto number = static_cast<int>(in.u32());
        if (!in.finished()) return connection.sendFailure(seq, malformed);
        LX_SYS(::syscall(SYS_pidfd_send_signal, instance_.pidfd.get(), number, nullptr, 0));
        return connection.send(Writer(Type::done, seq));
      }
      case Type::consoleAttach:
      case Type::consoleResize:
      case Type::logRead:
      case Type::logClear: return answerConsole(connection, type, seq, in);
      default: return connection.sendFailure(seq, {"request", "decode", ENOSYS, ""});
    }
  } catch (const SysError& error) {
    connection.sendFailure(seq, failureOf(error, "request"));
  } catch (const Failure& failure) {
    connection.sendFailure(seq, failure);
  }
}

void Service::answerConsole(Connection& connection, Type type, uint32_t seq, Reader& in) {
  if (type == Type::consoleAttach) {
    const UniqueFd client = console_.attach();
    if (!client.valid()) return connection.sendFailure(seq, {"console", "attach", EBUSY, ""});
    return connection.send(Writer(Type::console, seq), {client.get()});
  }
  if (type == Type::logRead) {
    const UniqueFd content = console_.ring().snapshot();
    return connection.send(Writer(Type::log, seq), {content.get()});
  }
  if (type == Type::logClear) {
    console_.ring().clear();
    return connection.send(Writer(Type::done, seq));
  }
  const uint16_t columns = in.u16();
  const uint16_t rows = in.u16();
  if (!in.finished()) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  console_.resize(columns, rows);
  connection.send(Writer(Type::done, seq));
}

void Service::renew() {
  // Whatever has this id's name is ours: nobody else could have taken it while we run.
  if (::access(runFile(plan_, "sock").c_str(), F_OK) < 0) listener_ = listenAt(plan_);
  if (::access(runFile(plan_, "plan").c_str(), F_OK) < 0) savePlan(plan_);
  if (linksChanged_ && ::access(runFile(plan_, "links").c_str(), F_OK) < 0) saveLinks(plan_);
}

void Service::kill() {
  killed_ = true;
  // ESRCH: it has just ended by itself.
  ::syscall(SYS_pidfd_send_signal, instance_.pidfd.get(), SIGKILL, nullptr, 0);
  if (plan_.cgroups.cloneInto != nullptr) cgroup::killAll(plan_.cgroups.cloneInto);
  for (const char* path : plan_.cgroups.join) cgroup::killAll(path);
  // While the processes die; they need no network for that.
  links_.begin(instance_.links);
}

}  // namespace lx::keeper
