#include "keeper/file_room.h"

#include <dirent.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/sys_error.h"
#include "keeper/connection.h"
#include "keeper/file_server.h"
#include "keeper/launch.h"
#include "keeper/run_files.h"
#include "keeper/signals.h"
#include "keeper/title.h"
#include "socket/seqpacket.h"

namespace lx::keeper {

namespace {

/// One loop over the daemon's connection and the children.
class Room {
 public:
  Room(const Plan& plan, Instance instance, Connection connection, UniqueFd lock, UniqueFd signals)
      : plan_(plan), instance_(std::move(instance)), connection_(std::move(connection)), lock_(std::move(lock)), signals_(std::move(signals)),
        servers_(plan_, instance_.pidfd.get(), lock_.get()) {}

  void run(uint32_t seq) {
    connection_.send(Writer(Type::done, seq));
    while (!over_ && connection_.fd.valid()) turn();
    end();
  }

 private:
  void turn() {
    pollfd polled[2] = {{signals_.get(), POLLIN, 0}, {connection_.fd.get(), POLLIN, 0}};
    if (::poll(polled, 2, -1) < 0) return;
    if (polled[0].revents != 0) reap();
    if (polled[1].revents != 0) take();
  }

  void reap() {
    drainSignals(signals_.get());
    for (pid_t pid = 0; (pid = ::waitpid(-1, nullptr, WNOHANG)) > 0;) {
      // Whoever killed it wants an end.
      if (pid == instance_.init) instance_.init = -1, over_ = true;
      else servers_.reaped(pid);
    }
  }

  void take() {
    socket::Message message;
    try {
      const socket::Receipt receipt = socket::receive(connection_.fd.get(), message);
      if (receipt == socket::Receipt::closed) connection_.fd.reset();
      if (receipt == socket::Receipt::message) answer(message);
    } catch (const SysError&) {
      connection_.fd.reset();
    }
  }

  void answer(socket::Message& message) {
    Reader in(message.data);
    const auto type = static_cast<Type>(in.u16());
    in.u16();
    const uint32_t seq = in.u32();
    try {
      if (in.finished() && type == Type::files) return startServer(seq);
      if (in.good() && type == Type::filesEnd) return endServer(seq, in);
      if (!in.finished() || type != Type::kill) return connection_.sendFailure(seq, {"request", "decode", EINVAL, ""});
      over_ = true;
      asked_ = seq;
    } catch (const Failure& failure) {
      connection_.sendFailure(seq, failure);
    }
  }

  void startServer(uint32_t seq) {
    uint32_t id = 0;
    const UniqueFd client = servers_.start(connection_.serial, id);
    connection_.send(Writer(Type::filesOpen, seq).u32(id), {client.get()});
  }

  void endServer(uint32_t seq, Reader& in) {
    const uint32_t id = in.u32();
    if (!in.finished()) return connection_.sendFailure(seq, {"request", "decode", EINVAL, ""});
    servers_.kill(id);
    connection_.send(Writer(Type::done, seq));
  }

  /// Told when nobody can reach the root any more. That is let go of last of all: the last hold of an overlay writes its upper file
  /// system out (Instance::root).
  void end() {
    servers_.end();
    if (instance_.init > 0) ::syscall(SYS_pidfd_send_signal, instance_.pidfd.get(), SIGKILL, nullptr, 0);
    while (::waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
    }
    ::unlink(runFile(plan_, "room").c_str());
    lock_.reset();
    if (asked_ != 0) connection_.send(Writer(Type::done, asked_));
    connection_.fd.reset();
  }

  const Plan& plan_;
  Instance instance_;
  Connection connection_;
  UniqueFd lock_;
  UniqueFd signals_;
  FileServers servers_;
  bool over_ = false;
  /// The request that wants to hear of the end; 0: none.
  uint32_t asked_ = 0;
};

/// A container that runs has its root mounted.
void refuseRunning(const Plan& plan) {
  const std::string path = runFile(plan, "sock");
  UniqueFd keeper;
  if (listenerAt(path, keeper) == Listening::somebody) throw SysError("connect", EBUSY, path);
}

std::vector<std::string> roomsIn(const std::string& runDir) {
  constexpr std::string_view suffix = ".room";
  std::vector<std::string> found;
  DIR* stream = ::opendir(runDir.c_str());
  if (stream == nullptr) throw SysError("opendir", errno, runDir);
  while (const dirent* entry = ::readdir(stream)) {
    if (std::string_view(entry->d_name).ends_with(suffix)) found.push_back(runDir + "/" + entry->d_name);
  }
  ::closedir(stream);
  return found;
}

}  // namespace

void runRoom(std::vector<std::byte> message, UniqueFd fd) {
  const uint32_t seq = seqOf(message);
  Connection connection{std::move(fd), 1};
  Plan plan;
  std::string_view problem;
  if (!decodeRoom(std::move(message), plan, problem)) {
    connection.sendFailure(seq, {"plan", "decode", EINVAL, std::string(problem)});
    ::_exit(1);
  }
  setTitle((std::string("files of ") + plan.name).c_str());
  ::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr);
  UniqueFd lock;
  try {
    UniqueFd signals = childSignals();
    lock = lockRoom(plan);
    refuseRunning(plan);
    Instance instance = launch(plan, Launch::room, lock.get());
    Room room(plan, std::move(instance), std::move(connection), std::move(lock), std::move(signals));
    room.run(seq);
    ::_exit(0);
  } catch (const Failure& failure) {
    if (lock.valid()) ::unlink(runFile(plan, "room").c_str());
    connection.sendFailure(seq, failure);
  } catch (const SysError& error) {
    if (lock.valid()) ::unlink(runFile(plan, "room").c_str());
    connection.sendFailure(seq, {"room", error.call(), error.number(), error.subject()});
  }
  ::_exit(1);
}

void confirmRoomEnd(const std::string& runDir, const std::string& id, UniqueFd fd, uint32_t seq) {
  Connection connection{std::move(fd), 1};
  try {
    const auto paths = id.empty() ? roomsIn(runDir) : std::vector{runDir + "/" + id + ".room"};
    for (const auto& path : paths) awaitRoomEnd(path);
    connection.send(Writer(Type::done, seq));
    ::_exit(0);
  } catch (const SysError& error) {
    connection.sendFailure(seq, {"room", error.call(), error.number(), error.subject()});
  }
  ::_exit(1);
}

}  // namespace lx::keeper
