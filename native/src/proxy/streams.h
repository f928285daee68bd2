#pragma once

#include <sys/types.h>

#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "proxy/address.h"

namespace lx::proxy {

/// What epoll gives back: who is to be told.
struct Source {
  virtual ~Source() = default;
  virtual void ready(uint32_t events) = 0;
};

/// A pipe, to move bytes from socket to socket without copying them (splice(2)).
struct Pipe {
  UniqueFd out;
  UniqueFd in;
};

class Streams;

/// Two connected sockets, each carried to the other.
class Pair {
 public:
  Pair(Streams& all, UniqueFd client, UniqueFd target, std::string header);
  void begin(int epoll);
  /// Moves what can be moved; false when the pair has ended. `more`: there is more to do at once.
  bool pump(bool& more);
  void heard(int side, uint32_t events);

  /// Of the connection to the target; 0 once it is there. Milliseconds of the monotonic clock.
  uint64_t deadline = 0;
  bool queued = false;
  bool over = false;
  std::list<Pair>::iterator self;

 private:
  struct Side : Source {
    Pair* pair = nullptr;
    int number = 0;
    UniqueFd fd;
    bool readable = false;
    bool writable = false;
    void ready(uint32_t events) override { pair->heard(number, events); }
  };
  /// From the side of the same number to the other.
  struct Flow {
    Pipe pipe;
    size_t filled = 0;
    bool ended = false;
    bool told = false;
  };

  bool connected();
  bool sendHeader();
  bool move(int from, bool& moved);

  Streams& all_;
  Side sides_[2];
  Flow flows_[2];
  std::string header_;
};

/// All connections of one proxy.
class Streams {
 public:
  explicit Streams(int epoll) : epoll_(epoll) {}

  /// Connects to the target for a client that was accepted. False: there are no descriptors left; the client is closed.
  bool add(UniqueFd client, const Sock& target, std::string header);
  /// Its target has been reached.
  void settle(Pair& pair) { open_.splice(open_.end(), connecting_, pair.self); }
  /// Has the pair looked at in the next `work`.
  void queue(Pair& pair);
  void work();
  /// Milliseconds until something is to be done: 0 at once, -1 not before something is heard.
  [[nodiscard]] int patience() const;

  /// Not valid when there are no descriptors left.
  Pipe takePipe();
  void givePipe(Pipe pipe);

 private:
  void expire();

  int epoll_;
  /// In the order of their deadlines.
  std::list<Pair> connecting_;
  std::list<Pair> open_;
  std::deque<Pair*> queue_;
  std::vector<Pipe> pipes_;
};

/// Of the monotonic clock, in milliseconds.
uint64_t now();

}  // namespace lx::proxy
