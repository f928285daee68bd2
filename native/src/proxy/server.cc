#include "proxy/server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>

#include "base/sys_error.h"
#include "proxy/datagrams.h"
#include "proxy/streams.h"

namespace lx::proxy {

namespace {

constexpr int kPauseMilliseconds = 500;
constexpr int kAccepts = 64;

/// A listening socket.
struct Door : Source {
  Door(Streams& streams, Entrance entrance, bool header) : streams(streams), fd(std::move(entrance.fd)), target(sockOf(entrance.target)), header(header) {}

  void ready(uint32_t) override {
    for (int i = 0; i < kAccepts && !full; ++i) {
      UniqueFd client(::accept4(fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!client.valid() && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) full = true;
      if (!client.valid()) return;
      std::string words = header ? proxyHeader(client.get()) : "";
      full = !streams.add(std::move(client), target, std::move(words));
    }
  }

  Streams& streams;
  UniqueFd fd;
  Sock target;
  bool header;
  /// No descriptors are left: it waits, with its clients in the queue of the kernel.
  bool full = false;
};

void watch(int epoll, int operation, int fd, Source* source) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = source;
  LX_SYS(::epoll_ctl(epoll, operation, fd, &event));
}

int sooner(int one, int other) { return one < 0 ? other : other < 0 || one < other ? one : other; }

class Server {
 public:
  Server(std::vector<Entrance> entrances, bool header) : epoll_(LX_SYS_FD(::epoll_create1(EPOLL_CLOEXEC))), streams_(epoll_.get()) {
    for (auto& entrance : entrances) {
      if (entrance.kind == Kind::udp) {
        auto& made = datagrams_.emplace_back(epoll_.get(), std::move(entrance.fd), sockOf(entrance.target));
        watch(epoll_.get(), EPOLL_CTL_ADD, made.fd(), &made);
      } else {
        auto& made = doors_.emplace_back(streams_, std::move(entrance), header);
        watch(epoll_.get(), EPOLL_CTL_ADD, made.fd.get(), &made);
      }
    }
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      int patience = streams_.patience();
      for (auto& each : datagrams_) patience = sooner(patience, each.expire());
      if (paused_) patience = sooner(patience, kPauseMilliseconds);
      const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), patience);
      for (int i = 0; i < count; ++i) static_cast<Source*>(events[static_cast<size_t>(i)].data.ptr)->ready(events[static_cast<size_t>(i)].events);
      streams_.work();
      pause();
    }
  }

 private:
  /// Takes a full door out of the poll list, and puts it back after a while in which connections may have ended.
  void pause() {
    const uint64_t time = now();
    const bool again = paused_ && time - pausedAt_ >= kPauseMilliseconds;
    if (!paused_) pausedAt_ = time;
    paused_ = false;
    for (auto& door : doors_) {
      if (!door.full) continue;
      epoll_event event{};
      event.events = again ? EPOLLIN : 0U;
      event.data.ptr = static_cast<Source*>(&door);
      ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, door.fd.get(), &event);
      if (again) door.full = false;
      else paused_ = true;
    }
  }

  UniqueFd epoll_;
  Streams streams_;
  std::deque<Door> doors_;
  std::deque<Datagrams> datagrams_;
  bool paused_ = false;
  uint64_t pausedAt_ = 0;
};

}  // namespace

void serve(std::vector<Entrance> entrances, bool header) { Server(std::move(entrances), header).run(); }

}  // namespace lx::proxy
