#include "keeper/nursery.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <vector>

#include "base/read.h"
#include "base/sys_error.h"
#include "keeper/connection.h"
#include "keeper/file_room.h"
#include "keeper/keeper.h"
#include "keeper/own_file.h"
#include "keeper/run_files.h"
#include "keeper/title.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

constexpr int kLockAttempts = 500;

/// Takes away what the keeper of `name` in `runDir` has left there, if it is gone. Gives its pidfd if it lives.
UniqueFd sweepOne(const std::string& runDir, const std::string& name) {
  constexpr std::string_view halfRecord = ".end.new";
  const bool plan = name.ends_with(".plan");
  if (!plan && !name.ends_with(halfRecord)) return {};
  const std::string path = runDir + "/" + name;
  const std::string base = path.substr(0, path.size() - (plan ? std::strlen(".plan") : halfRecord.size()));
  UniqueFd keeper;
  if (listenerAt(base + ".sock", keeper) == Listening::somebody) return keeper;
  // A record that was never finished: the disk was full, or its writer was killed.
  if (!plan) ::unlink(path.c_str());
  else sweepDead(path);
  return {};
}

/// Takes care of what keepers have left that are gone without having taken it away: they were killed. Gives pidfds of those
/// that live.
std::vector<UniqueFd> sweepAll(const std::string& runDir) {
  std::vector<UniqueFd> living;
  DIR* stream = ::opendir(runDir.c_str());
  if (stream == nullptr) return living;
  while (const dirent* entry = ::readdir(stream)) {
    try {
      if (UniqueFd keeper = sweepOne(runDir, entry->d_name); keeper.valid()) living.push_back(std::move(keeper));
    } catch (const SysError& error) {
      // ENOENT: it ended properly in this moment.
      if (error.number() != ENOENT) std::fprintf(stderr, "%s: %s\n", entry->d_name, error.what());
    }
  }
  ::closedir(stream);
  return living;
}

/// Closes all but stdio and `kept`: a keeper must hold neither the nursery's socket nor its lock.
void keepFd(int kept) {
  if (kept > 3) ::syscall(SYS_close_range, 3U, static_cast<unsigned>(kept) - 1, 0U);
  ::syscall(SYS_close_range, kept < 3 ? 3U : static_cast<unsigned>(kept) + 1, ~0U, 0U);
}

/// The id that a ROOM message is about; what is wrong with the message, its room says.
std::string roomOf(std::span<const std::byte> message) {
  Reader in(message.subspan(kHeaderSize));
  in.u32();
  return in.text();
}

class Nursery {
 public:
  /// `elders`: pidfds of keepers that an earlier nursery forked, and that are no children of this one.
  Nursery(std::string runDir, UniqueFd listener, UniqueFd signals, std::vector<UniqueFd> elders)
      : runDir_(std::move(runDir)), listener_(std::move(listener)), signals_(std::move(signals)), elders_(std::move(elders)), socket_(runDir_ + "/nursery.sock") {}

  void run() {
    while (!retired_) turn();
  }

 private:
  /// The first places in the poll list; connections and then elders follow.
  enum Place : size_t { atSignals, atListener, atSocketFile, atConnections };

  void turn() {
    std::vector<pollfd> polled{{signals_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {socket_.watch(), POLLIN, 0}};
    const size_t connections = connections_.size();
    for (const auto& connection : connections_) polled.push_back({connection.fd.get(), POLLIN, 0});
    for (const auto& elder : elders_) polled.push_back({elder.get(), POLLIN, 0});
    if (::poll(polled.data(), polled.size(), -1) < 0) return;
    for (size_t i = 0; i < connections; ++i) {
      if (polled[atConnections + i].revents != 0) take(connections_[i]);
    }
    if (polled[atSignals].revents != 0) reap();
    for (size_t i = 0; i < elders_.size(); ++i) {
      if (polled[atConnections + connections + i].revents != 0) elders_[i].reset();
    }
    // An elder may have ended well or not; the sweep finds out.
    if (std::erase_if(elders_, [](const UniqueFd& elder) { return !elder.valid(); }) > 0) unswept_ = true;
    sweep();
    // Nobody can reach it any more; who looks for a nursery makes another one.
    if (polled[atSocketFile].revents != 0 && socket_.isGone()) retired_ = true;
    if (polled[atListener].revents != 0) {
      if (UniqueFd fd = acceptRoot(listener_.get()); fd.valid()) connections_.push_back({std::move(fd), 0});
    }
    std::erase_if(connections_, [](const Connection& connection) { return !connection.fd.valid(); });
  }

  void take(Connection& connection) {
    socket::Message message;
    try {
      const socket::Receipt receipt = socket::receive(connection.fd.get(), message);
      if (receipt == socket::Receipt::message) answer(connection, message);
      if (receipt == socket::Receipt::closed) connection.fd.reset();
    } catch (const SysError&) {
      connection.fd.reset();
    }
  }

  void answer(Connection& connection, socket::Message& message) {
    Reader in(message.data);
    const auto type = static_cast<Type>(in.u16());
    in.u16();
    const uint32_t seq = in.u32();
    if (in.good() && type == Type::hello) {
      connection.send(Writer(Type::greeting, seq).u32(kProtocolVersion).u32(static_cast<uint32_t>(::getpid())));
    } else if (in.good() && type == Type::launch) {
      launch(connection, seq, message);
    } else if (in.good() && type == Type::room) {
      const pid_t pid = handOver(connection, seq, [&](UniqueFd fd) { runRoom(std::move(message.data), std::move(fd)); });
      if (pid > 0) rooms_[pid] = roomOf(message.data);
    } else if (in.good() && type == Type::roomsOver) {
      endRooms(connection, seq, in);
    } else if (in.good() && type == Type::retire) {
      ::unlink((runDir_ + "/nursery.sock").c_str());
      ::unlink((runDir_ + "/nursery.pid").c_str());
      retired_ = true;
      connection.send(Writer(Type::done, seq));
    } else {
      connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
    }
  }

  void launch(Connection& connection, uint32_t seq, socket::Message& message) {
    message.fds.clear();
    const pid_t pid = handOver(connection, seq, [&](UniqueFd fd) { runKeeper(std::move(message.data), std::move(fd)); });
    if (pid > 0) keepers_.push_back(pid);
  }

  /// A process that takes the connection over and ends itself. Gives its pid; not above 0 where there is none.
  template <typename Work>
  pid_t handOver(Connection& connection, uint32_t seq, Work work) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      keepFd(connection.fd.get());
      work(std::move(connection.fd));
    }
    if (pid < 0) connection.sendFailure(seq, {"keeper", "fork", errno, ""});
    else connection.fd.reset();
    return pid;
  }

  /// Kills the rooms of an id, or all, that this nursery has forked, and has somebody wait for the end of theirs and of others'.
  void endRooms(Connection& connection, uint32_t seq, Reader& in) {
    const std::string id = in.text();
    if (!in.finished() || id.find('/') != std::string::npos) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
    for (const auto& [pid, of] : rooms_) {
      if (id.empty() || of == id) ::kill(pid, SIGKILL);
    }
    handOver(connection, seq, [&](UniqueFd fd) { confirmRoomEnd(runDir_, id, std::move(fd), seq); });
  }

  void reap() {
    signalfd_siginfo info;
    while (::read(signals_.get(), &info, sizeof info) > 0) {
    }
    int status = 0;
    // Also what a killed keeper left to us: its container's init, the processes that delete links.
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
      rooms_.erase(pid);
      if (pid == sweeper_) sweeper_ = -1;
      else if (std::erase(keepers_, pid) > 0 && WIFSIGNALED(status)) unswept_ = true;
    }
    sweep();
  }

  /// Waits for dying processes, so in a process of its own; never two at once.
  void sweep() {
    if (!unswept_ || sweeper_ > 0) return;
    unswept_ = false;
    sweeper_ = ::fork();
    if (sweeper_ != 0) return;
    keepFd(2);
    sweepAll(runDir_);
    ::_exit(0);
  }

  std::string runDir_;
  UniqueFd listener_;
  UniqueFd signals_;
  std::vector<UniqueFd> elders_;
  OwnFile socket_;
  std::vector<Connection> connections_;
  std::vector<pid_t> keepers_;
  /// Ids by the pids of their rooms. Nobody else can have those until they are reaped.
  std::map<pid_t, std::string> rooms_;
  pid_t sweeper_ = -1;
  /// A keeper was killed since the last sweep began.
  bool unswept_ = false;
  bool retired_ = false;
};

UniqueFd openNull(int flags) { return LX_SYS_FD(::open("/dev/null", flags | O_CLOEXEC), "/dev/null"); }

void detach(const std::string& runDir) {
  ::setsid();
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  LX_SYS(::chdir("/"));
  ::umask(022);
  const std::string log = runDir + "/keeper.log";
  const UniqueFd null = openNull(O_RDWR);
  const UniqueFd words = LX_SYS_FD(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600), log);
  LX_SYS(::dup2(null.get(), 0));
  LX_SYS(::dup2(null.get(), 1));
  LX_SYS(::dup2(words.get(), 2));
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGPIPE}) ::signal(number, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
  // What a killed keeper leaves behind is ours to reap.
  LX_SYS(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
  // Nobody in a container may look into a keeper's child on its way in (ptrace(2), PTRACE_MODE checks).
  LX_SYS(::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0));
}

/// Holds the lock of the one nursery; not valid when another has it.
UniqueFd lockPid(const std::string& runDir) {
  const std::string path = runDir + "/nursery.pid";
  UniqueFd file = LX_SYS_FD(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), path);
  for (int attempt = 0; ::flock(file.get(), LOCK_EX | LOCK_NB) < 0; ++attempt) {
    if (errno != EWOULDBLOCK) throw SysError("flock", errno, path);
    // One that is just starting or dying holds the lock without listening.
    UniqueFd other;
    if (listenerAt(runDir + "/nursery.sock", other) == Listening::somebody || attempt == kLockAttempts) return {};
    const timespec pause{0, 2'000'000};
    ::nanosleep(&pause, nullptr);
  }
  LX_SYS(::ftruncate(file.get(), 0), path);
  const std::string text = std::to_string(::getpid()) + "\n";
  LX_SYS(::write(file.get(), text.data(), text.size()), path);
  return file;
}

UniqueFd watchChildren() {
  sigset_t child;
  ::sigemptyset(&child);
  ::sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &child, nullptr);
  return LX_SYS_FD(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
}

/// Says on `ready` how it went: an errno, 0 when all is well.
int serve(const std::string& runDir, int ready) {
  int outcome = 0;
  try {
    // What the daemon left open is not ours.
    keepFd(ready);
    if (::mkdir((runDir + "/stage").c_str(), 0755) < 0 && errno != EEXIST) throw SysError("mkdir", errno, runDir + "/stage");
    detach(runDir);
    const UniqueFd lock = lockPid(runDir);
    if (lock.valid()) {
      const std::string path = runDir + "/nursery.sock";
      ::unlink(path.c_str());
      UniqueFd signals = watchChildren();
      UniqueFd listener = socket::listen(path, socket::Mode::nonblocking);
      std::vector<UniqueFd> elders = sweepAll(runDir);
      setTitle("nursery");
      LX_SYS(::write(ready, &outcome, sizeof outcome));
      ::close(ready);
      Nursery(runDir, std::move(listener), std::move(signals), std::move(elders)).run();
      return 0;
    }
  } catch (const SysError& error) {
    outcome = error.number();
    std::fprintf(stderr, "nursery: %s\n", error.what());
  }
  (void)!::write(ready, &outcome, sizeof outcome);
  return 1;
}

}  // namespace

int startNursery(const std::string& runDir) {
  if (::mkdir(runDir.c_str(), 0700) < 0 && errno != EEXIST) throw SysError("mkdir", errno, runDir);
  int ready[2];
  LX_SYS(::pipe2(ready, O_CLOEXEC));
  const pid_t pid = LX_SYS(::fork());
  if (pid == 0) {
    // Twice, so that the nursery is no child of the daemon's.
    const pid_t nursery = ::fork();
    if (nursery != 0) ::_exit(nursery < 0 ? 1 : 0);
    ::_exit(serve(runDir, ready[1]));
  }
  ::close(ready[1]);
  ::waitpid(pid, nullptr, 0);
  int outcome = EIO;
  (void)!::read(ready[0], &outcome, sizeof outcome);
  if (outcome != 0) throw SysError("nursery", outcome, runDir);
  return 0;
}

}  // namespace lx::keeper
