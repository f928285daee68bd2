#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <string>

#include "base/read.h"
#include "base/sys_error.h"
#include "keeper/report.h"
#include "keeper/service.h"
#include "socket/seqpacket.h"

// The execs of a Service. Each has a helper and the command's own process, both children of the keeper; the command
// counts as started when the status socket has closed without a failure, that is at its exec.
namespace lx::keeper {

namespace {

/// Stage of an exec that fails because its container ends.
constexpr const char* kEnded = "ended";
constexpr unsigned long kExiting = 0x4;

int shellCode(int waitStatus) { return WIFSIGNALED(waitStatus) ? 128 + WTERMSIG(waitStatus) : WEXITSTATUS(waitStatus); }

}  // namespace

void Service::startExec(Connection& connection, uint32_t seq, socket::Message& message) {
  ExecRequest request;
  const bool decoded = decodeExec(std::move(message.data), request);
  if (!decoded || (message.fds.size() != (request.terminal ? 0U : 3U))) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  SpawnedExec spawned;
  try {
    spawned = spawnExec(plan_, instance_, request, message.fds);
  } catch (const Failure& failure) {
    return failExec(&connection, seq, failure);
  }
  Exec exec{};
  exec.id = ++execIds_;
  exec.seq = seq;
  exec.owner = connection.serial;
  exec.helper = spawned.helper;
  exec.status = std::move(spawned.status);
  exec.pid = -1;
  execs_.push_back(std::move(exec));
}

void Service::signalExec(Connection& connection, uint32_t seq, Reader& in) {
  const uint32_t id = in.u32();
  const auto number = static_cast<int>(in.u32());
  if (!in.finished()) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  for (const auto& exec : execs_) {
    // Not reaped yet, so the number is still its own.
    if (exec.id != id || exec.pid < 0 || exec.reaped) continue;
    if (::kill(exec.pid, number) < 0) return connection.sendFailure(seq, {"request", "kill", errno, ""});
    return connection.send(Writer(Type::done, seq));
  }
  connection.sendFailure(seq, {"request", "kill", ESRCH, ""});
}

void Service::failExec(Connection* owner, uint32_t seq, Failure failure) {
  if (owner == nullptr) return;
  // Whatever it was: nothing can be run in a container that ends.
  if (ending()) failure.stage = kEnded;
  owner->sendFailure(seq, failure);
}

bool Service::ending() const {
  if (killed_ || initEnded_) return true;
  // Its number is its own until we reap it. PF_EXITING stands among the flags, the ninth field (proc_pid_stat(5)), while
  // the kernel still ends the others of its pid namespace.
  std::string text;
  try {
    text = readFile("/proc/" + std::to_string(instance_.init) + "/stat");
  } catch (const SysError&) {
    return true;
  }
  // The name, the second field, may hold anything, blanks too.
  size_t at = text.rfind(')');
  for (int field = 2; field < 9 && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  unsigned long flags = 0;
  if (at == std::string::npos || std::from_chars(text.data() + at + 1, text.data() + text.size(), flags).ec != std::errc()) return true;
  return (flags & kExiting) != 0;
}

Connection* Service::ownerOf(const Exec& exec) {
  for (auto& connection : connections_) {
    if (connection.serial == exec.owner) return &connection;
  }
  return nullptr;
}

void Service::hear(Exec& exec) {
  listen(exec);
  // An end is told after the start.
  tellEnds();
}

void Service::listen(Exec& exec) {
  for (;;) {
    Report report{};
    int fds[4];
    const int got = receiveReport(exec.status.get(), report, fds);
    UniqueFd held[4] = {UniqueFd(fds[0]), UniqueFd(fds[1]), UniqueFd(fds[2]), UniqueFd(fds[3])};
    if (got < 0) return;
    if (got == 0) break;
    if (report.kind == Report::Kind::pid) exec.pid = report.number;
    if (report.kind == Report::Kind::terminal) exec.terminal = std::move(held[0]);
    if (report.kind != Report::Kind::failure || exec.failed) continue;
    exec.failed = true;
    failExec(ownerOf(exec), exec.seq, {report.stage, report.call, report.number, report.path});
  }
  exec.status.reset();
  confirm(exec);
}

void Service::confirm(Exec& exec) {
  Connection* owner = ownerOf(exec);
  if (!exec.failed && exec.pid < 0) {
    exec.failed = true;
    failExec(owner, exec.seq, {"exec", "clone3", ECHILD, ""});
  }
  if (exec.failed || owner == nullptr) return;
  Writer message(Type::execStarted, exec.seq);
  message.u32(exec.id).u32(static_cast<uint32_t>(exec.pid));
  if (exec.terminal.valid()) owner->send(message, {exec.terminal.get()});
  else owner->send(message);
  exec.terminal.reset();
}

void Service::reportEnd(Exec& exec) {
  Connection* owner = ownerOf(exec);
  if (exec.failed || owner == nullptr) return;
  Writer message(Type::execExited, 0);
  message.u32(exec.id).u32(static_cast<uint32_t>(shellCode(exec.waitStatus)));
  owner->send(message);
}

/// All of them, whoever they are: a command may make siblings of itself (clone(2), CLONE_PARENT), which are children of the
/// keeper in the guest's pid namespace. Left as zombies they would hold up the end of its init (pid_namespaces(7)) for ever.
void Service::reapChildren() {
  int status = 0;
  // __WALL: also the processes that delete links, which have no exit signal.
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) sort(pid, status);
  tellEnds();
}

void Service::sort(pid_t pid, int waitStatus) {
  if (pid == instance_.init) {
    initEnded_ = true;
    initStatus_ = waitStatus;
    return;
  }
  if (files_.reaped(pid) || proxies_.reaped(pid) || markEnded(pid, waitStatus)) return;
  // A command has said who it is before it could end, but we may not have read it yet.
  for (auto& exec : execs_) {
    if (exec.pid < 0 && exec.status.valid()) listen(exec);
  }
  markEnded(pid, waitStatus);
}

bool Service::markEnded(pid_t pid, int waitStatus) {
  for (auto& exec : execs_) {
    if (exec.helper == pid) {
      exec.helper = -1;
      return true;
    }
    if (exec.pid != pid || exec.reaped) continue;
    exec.reaped = true;
    exec.waitStatus = waitStatus;
    return true;
  }
  return false;
}

void Service::tellEnds() {
  for (auto& exec : execs_) {
    // An end is told after the start, which the status socket tells.
    if (exec.ended || exec.status.valid() || !exec.reaped) continue;
    exec.ended = true;
    reportEnd(exec);
  }
}

void Service::endExecs() {
  // The kernel has ended the commands with their pid namespace; helpers may still stand before it.
  for (auto& exec : execs_) {
    if (exec.helper >= 0) ::kill(exec.helper, SIGKILL);
    if (exec.helper >= 0) ::waitpid(exec.helper, nullptr, 0);
    exec.helper = -1;
    if (exec.status.valid()) hear(exec);
    if (exec.pid >= 0 && !exec.reaped) {
      ::kill(exec.pid, SIGKILL);
      ::waitpid(exec.pid, &exec.waitStatus, 0);
      exec.reaped = true;
    }
  }
  tellEnds();
  execs_.clear();
}

}  // namespace lx::keeper
