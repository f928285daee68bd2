#include <signal.h>
#include <sys/wait.h>

#include <cerrno>

#include "keeper/report.h"
#include "keeper/service.h"
#include "socket/seqpacket.h"

// The execs of a Service. Each has a helper and the command's own process, both children of the keeper; the command
// counts as started when the status socket has closed without a failure, that is at its exec.
namespace lx::keeper {

namespace {

int shellCode(int waitStatus) { return WIFSIGNALED(waitStatus) ? 128 + WTERMSIG(waitStatus) : WEXITSTATUS(waitStatus); }

/// true: reaped, `pid` is -1 then.
bool reap(pid_t& pid, int& status) {
  if (pid < 0 || ::waitpid(pid, &status, WNOHANG) != pid) return false;
  pid = -1;
  return true;
}

}  // namespace

void Service::startExec(Connection& connection, uint32_t seq, socket::Message& message) {
  ExecRequest request;
  const bool decoded = decodeExec(std::move(message.data), request);
  if (!decoded || (message.fds.size() != (request.terminal ? 0U : 3U))) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  SpawnedExec spawned = spawnExec(plan_, instance_, request, message.fds);
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
    if (exec.id != id || exec.pid < 0 || exec.ended) continue;
    if (::kill(exec.pid, number) < 0) return connection.sendFailure(seq, {"request", "kill", errno, ""});
    return connection.send(Writer(Type::done, seq));
  }
  connection.sendFailure(seq, {"request", "kill", ESRCH, ""});
}

Connection* Service::ownerOf(const Exec& exec) {
  for (auto& connection : connections_) {
    if (connection.serial == exec.owner) return &connection;
  }
  return nullptr;
}

void Service::hear(Exec& exec) {
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
    if (Connection* owner = ownerOf(exec)) owner->sendFailure(exec.seq, {report.stage, report.call, report.number, report.path});
  }
  exec.status.reset();
  confirm(exec);
  reapExecs();
}

void Service::confirm(Exec& exec) {
  Connection* owner = ownerOf(exec);
  if (!exec.failed && exec.pid < 0) {
    exec.failed = true;
    if (owner != nullptr) owner->sendFailure(exec.seq, {"exec", "clone3", ECHILD, ""});
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

void Service::reapExecs() {
  for (auto& exec : execs_) {
    int ignored = 0;
    reap(exec.helper, ignored);
    // An end is told after the start, which the status socket tells.
    if (exec.ended || exec.status.valid()) continue;
    if (!reap(exec.pid, exec.waitStatus)) continue;
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
    if (exec.pid >= 0 && !exec.ended) {
      ::kill(exec.pid, SIGKILL);
      ::waitpid(exec.pid, &exec.waitStatus, 0);
      exec.ended = true;
      reportEnd(exec);
    }
  }
  execs_.clear();
}

}  // namespace lx::keeper
