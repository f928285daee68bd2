#pragma once

#include <poll.h>

#include <deque>
#include <vector>

#include "keeper/connection.h"
#include "keeper/console.h"
#include "keeper/end_record.h"
#include "keeper/exec.h"
#include "keeper/file_server.h"
#include "keeper/launch.h"
#include "keeper/live_mount.h"
#include "keeper/proxies.h"
#include "keeper/reboot_brake.h"

namespace lx::socket {
struct Message;
}

namespace lx::keeper {

/// What a keeper does while its container runs: one loop over the console, the daemons' connections and the children.
class Service {
 public:
  Service(Plan& plan, Instance instance, Console console, UniqueFd listener, UniqueFd signals) noexcept;

  /// Takes over the connection that brought the plan and answers it.
  void greet(Connection connection, uint32_t seq);
  /// Until the container has ended and nothing of it is left on the host.
  EndRecord run();
  /// Tells all daemons of the end.
  void announce(const EndRecord& end);

 private:
  struct Exec {
    uint32_t id;
    uint32_t seq;
    /// Serial of the connection that asked.
    uint64_t owner;
    pid_t helper;
    UniqueFd status;
    pid_t pid = -1;
    UniqueFd terminal;
    bool failed = false;
    /// Taken off the process table, so its number may be another's by now.
    bool reaped = false;
    /// Its end has been told.
    bool ended = false;
    int waitStatus = 0;
  };
  /// A mount that was asked for, or its end.
  struct MountChange {
    Type type;
    uint32_t seq;
    /// Serial of the connection that asked.
    uint64_t owner;
    /// The texts of what follows point into it.
    std::vector<std::byte> message;
    Layer layer;
    MountStep step;
    bool remove;
    LiveMount live;
  };
  void turn();
  void take(Connection& connection);
  void answer(Connection& connection, socket::Message& message);
  void answerConsole(Connection& connection, Type type, uint32_t seq, Reader& in);
  void startExec(Connection& connection, uint32_t seq, socket::Message& message);
  void failExec(Connection* owner, uint32_t seq, Failure failure);
  /// Whether init is dead, or on the way there.
  bool ending() const;
  void signalExec(Connection& connection, uint32_t seq, Reader& in);
  void queueMount(Connection& connection, Type type, uint32_t seq, socket::Message& message);
  void beginMounts();
  void hearMount();
  void answerMount(const Failure* failure);
  void notePlan(MountChange& change);
  void endMounts();
  void plug(Connection& connection, uint32_t seq, socket::Message& message);
  void unplug(Connection& connection, uint32_t seq, Reader& in);
  void limitLink(Connection& connection, uint32_t seq, Reader& in);
  void keepLinks();
  void startFiles(Connection& connection, uint32_t seq);
  void endFiles(Connection& connection, uint32_t seq, Reader& in);
  void startProxy(Connection& connection, uint32_t seq, Reader& in);
  void endProxy(Connection& connection, uint32_t seq, Reader& in);
  /// Connections that are gone, and what was made for them alone.
  void dropGone();
  void kill();
  void renew();
  Writer describe(Type type, uint32_t seq) const;
  void sendRunning(Connection& connection, Type type, uint32_t seq);

  void hear(Exec& exec);
  void listen(Exec& exec);
  void confirm(Exec& exec);
  void reportEnd(Exec& exec);
  Connection* ownerOf(const Exec& exec);
  void reapChildren();
  void sort(pid_t pid, int waitStatus);
  bool markEnded(pid_t pid, int waitStatus);
  void tellEnds();
  void endExecs();
  bool mayReboot(std::string& detail);
  bool reboot(std::string& detail);

  /// Changed by devices that come and go.
  Plan& plan_;
  Instance instance_;
  Console console_;
  UniqueFd listener_;
  UniqueFd signals_;
  std::vector<Connection> connections_;
  std::vector<Exec> execs_;
  /// The first is under way.
  std::deque<MountChange> mounts_;
  FileServers files_;
  Proxies proxies_;
  std::vector<pollfd> polled_;
  LinkRemoval links_;
  /// They are others than the plan was launched with.
  bool linksChanged_ = false;
  uint64_t serial_ = 1;
  uint32_t execIds_ = 0;
  uint32_t reboots_ = 0;
  RebootBrake brake_;
  bool killed_ = false;
  bool initEnded_ = false;
  int initStatus_ = 0;
};

}  // namespace lx::keeper
