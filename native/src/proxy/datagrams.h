#pragma once

#include <list>
#include <map>
#include <string>

#include "proxy/streams.h"

namespace lx::proxy {

/// The clients of one socket for datagrams: each has a socket of its own to the target, until it is silent for a minute.
class Datagrams : public Source {
 public:
  Datagrams(int epoll, UniqueFd fd, Sock target) : epoll_(epoll), fd_(std::move(fd)), target_(target) {}

  [[nodiscard]] int fd() const { return fd_.get(); }
  void ready(uint32_t events) override;
  /// Forgets those that have been silent. Milliseconds until it is to be called again, -1: when there are new ones.
  int expire();

 private:
  struct Client : Source {
    Datagrams* all = nullptr;
    Sock address;
    UniqueFd fd;
    uint64_t heard = 0;
    void ready(uint32_t events) override { all->answer(*this, events); }
  };
  Client* clientOf(const Sock& address);
  void answer(Client& client, uint32_t events);
  /// To the end of the list: the longest silent is the first.
  void touch(std::list<Client>::iterator client);

  int epoll_;
  UniqueFd fd_;
  Sock target_;
  std::list<Client> clients_;
  std::map<std::string, std::list<Client>::iterator> known_;
};

}  // namespace lx::proxy
