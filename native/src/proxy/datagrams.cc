#include "proxy/datagrams.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace lx::proxy {

namespace {

constexpr uint64_t kSilenceMilliseconds = 60'000;
constexpr size_t kMostClients = 4096;
/// How many datagrams one socket may hand over before others have their turn.
constexpr int kRounds = 64;

std::string keyOf(const Sock& address) { return {reinterpret_cast<const char*>(&address.storage), address.size}; }

std::array<char, 65536> buffer;

}  // namespace

void Datagrams::ready(uint32_t) {
  for (int round = 0; round < kRounds; ++round) {
    Sock from;
    from.size = sizeof from.storage;
    const ssize_t got = ::recvfrom(fd_.get(), buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from.storage), &from.size);
    if (got < 0) return;
    // What cannot be sent on is lost, as datagrams are.
    if (Client* client = clientOf(from)) (void)!::send(client->fd.get(), buffer.data(), static_cast<size_t>(got), MSG_NOSIGNAL);
  }
}

Datagrams::Client* Datagrams::clientOf(const Sock& address) {
  const std::string key = keyOf(address);
  if (const auto found = known_.find(key); found != known_.end()) {
    touch(found->second);
    return &*found->second;
  }
  if (clients_.size() >= kMostClients) return nullptr;
  UniqueFd fd(::socket(target_.storage.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid() || ::connect(fd.get(), target_.address(), target_.size) < 0) return nullptr;
  Client& client = clients_.emplace_back();
  client.all = this;
  client.address = address;
  client.fd = std::move(fd);
  client.heard = now();
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = static_cast<Source*>(&client);
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.fd.get(), &event) < 0) {
    clients_.pop_back();
    return nullptr;
  }
  known_[key] = std::prev(clients_.end());
  return &client;
}

void Datagrams::answer(Client& client, uint32_t) {
  for (int round = 0; round < kRounds; ++round) {
    // ECONNREFUSED: nobody is at the target; the error is taken by this call, and the next datagram may find someone.
    const ssize_t got = ::recv(client.fd.get(), buffer.data(), buffer.size(), 0);
    if (got < 0) return;
    (void)!::sendto(fd_.get(), buffer.data(), static_cast<size_t>(got), MSG_NOSIGNAL, client.address.address(), client.address.size);
    if (const auto found = known_.find(keyOf(client.address)); found != known_.end()) touch(found->second);
  }
}

void Datagrams::touch(std::list<Client>::iterator client) {
  client->heard = now();
  clients_.splice(clients_.end(), clients_, client);
}

int Datagrams::expire() {
  const uint64_t time = now();
  while (!clients_.empty() && time - clients_.front().heard >= kSilenceMilliseconds) {
    known_.erase(keyOf(clients_.front().address));
    clients_.pop_front();
  }
  return clients_.empty() ? -1 : static_cast<int>(kSilenceMilliseconds - (time - clients_.front().heard)) + 1;
}

}  // namespace lx::proxy
