#include "keeper/run_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/read.h"
#include "base/sys_error.h"
#include "keeper/links/links.h"
#include "keeper/wire.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

std::string runFile(const Plan& plan, const char* suffix) { return std::string(plan.runDir) + "/" + plan.id + "." + suffix; }

UniqueFd listenAt(const Plan& plan) {
  const UniqueFd lock = LX_SYS_FD(::open(plan.runDir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), plan.runDir);
  LX_SYS(::flock(lock.get(), LOCK_EX), plan.runDir);
  const std::string path = runFile(plan, "sock");
  UniqueFd process;
  if (listenerAt(path, process) == Listening::somebody) throw SysError("bind", EADDRINUSE, path);
  ::unlink(path.c_str());
  return socket::listen(path, socket::Mode::nonblocking);
}

void savePlan(const Plan& plan) {
  const std::string path = runFile(plan, "plan");
  const UniqueFd file = LX_SYS_FD(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), path);
  LX_SYS(::write(file.get(), plan.message.data(), plan.message.size()), path);
}

void saveLinks(const Plan& plan) {
  const auto count = static_cast<uint32_t>(plan.links.size());
  std::string content(reinterpret_cast<const char*>(&count), sizeof count);
  for (const auto& link : plan.links) content.append(reinterpret_cast<const char*>(link.wire.data()), link.wire.size());
  const std::string path = runFile(plan, "links");
  const std::string half = path + ".new";
  const UniqueFd file = LX_SYS_FD(::open(half.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), half);
  LX_SYS(::write(file.get(), content.data(), content.size()), half);
  LX_SYS(::rename(half.c_str(), path.c_str()), path);
}

void restoreLinks(Plan& plan) {
  const std::string path = runFile(plan, "links");
  if (::access(path.c_str(), F_OK) < 0) return;
  const std::string content = readFile(path);
  const auto* start = reinterpret_cast<const std::byte*>(content.data());
  plan.added.emplace_back(start, start + content.size());
  std::list<LinkPlan> links;
  Reader in(plan.added.back());
  readLinks(in, links);
  if (in.finished()) plan.links = std::move(links);
}

std::string nodeFile(const Plan& plan, int layer) {
  return layer < 0 ? runFile(plan, "node") : runFile(plan, "node") + std::to_string(layer);
}

void removeNodeFiles(const Plan& plan) {
  ::unlink(nodeFile(plan, -1).c_str());
  for (size_t i = 0; i < plan.layers.size(); ++i) {
    if (plan.layers[i].node) ::unlink(nodeFile(plan, static_cast<int>(i)).c_str());
  }
}

void removeRunFiles(const Plan& plan) {
  removeNodeFiles(plan);
  for (const char* suffix : {"links.new", "links", "plan", "sock"}) ::unlink(runFile(plan, suffix).c_str());
}

namespace {

constexpr int kRoomAttempts = 1500;
constexpr timespec kRoomPause{0, 2'000'000};

void awaitLock(int file, const std::string& path) {
  for (int attempt = 0; ::flock(file, LOCK_EX | LOCK_NB) < 0; ++attempt) {
    if (errno != EWOULDBLOCK) throw SysError("flock", errno, path);
    if (attempt == kRoomAttempts) throw SysError("flock", EBUSY, path);
    ::nanosleep(&kRoomPause, nullptr);
  }
}

/// Whether `path` is still the name of the open file: who has the lock may remove the name, and nobody else.
bool isNamed(int file, const std::string& path) {
  struct stat open {}, named {};
  return ::fstat(file, &open) == 0 && ::lstat(path.c_str(), &named) == 0 && open.st_dev == named.st_dev && open.st_ino == named.st_ino;
}

}  // namespace

UniqueFd lockRoom(const Plan& plan) {
  const std::string path = runFile(plan, "room");
  for (;;) {
    UniqueFd file = LX_SYS_FD(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), path);
    awaitLock(file.get(), path);
    if (isNamed(file.get(), path)) return file;
  }
}

void awaitRoomEnd(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
  if (!file.valid() && errno == ENOENT) return;
  if (!file.valid()) throw SysError("open", errno, path);
  awaitLock(file.get(), path);
  if (isNamed(file.get(), path)) ::unlink(path.c_str());
}

Listening listenerAt(const std::string& path, UniqueFd& process) {
  try {
    const UniqueFd connection = socket::connect(path, socket::Mode::nonblocking);
    process = UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, socket::peerCredentials(connection.get()).pid, 0)));
    // ESRCH: it has ended since.
    return process.valid() ? Listening::somebody : Listening::nobody;
  } catch (const SysError& error) {
    if (error.number() == EAGAIN) return Listening::somebody;
    if (error.number() == ENOENT || error.number() == ECONNREFUSED) return Listening::nobody;
    throw;
  }
}

}  // namespace lx::keeper
