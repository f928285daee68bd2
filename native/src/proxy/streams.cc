#include "proxy/streams.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace lx::proxy {

namespace {

constexpr uint64_t kConnectMilliseconds = 10'000;
constexpr size_t kChunk = 64U << 10;
/// How often one pair may move before others have their turn.
constexpr int kRounds = 16;
constexpr size_t kSparePipes = 64;

bool isAgain(int number) { return number == EAGAIN || number == EINTR; }

/// After a transfer that failed for now: the side is not ready, unless a signal came between.
void note(bool& ready, bool& moved) {
  if (errno == EINTR) moved = true;
  else ready = false;
}

}  // namespace

uint64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
}

Pair::Pair(Streams& all, UniqueFd client, UniqueFd target, std::string header) : all_(all), header_(std::move(header)) {
  sides_[0].fd = std::move(client);
  sides_[1].fd = std::move(target);
  for (int i = 0; i < 2; ++i) {
    sides_[i].pair = this;
    sides_[i].number = i;
  }
}

void Pair::begin(int epoll) {
  for (auto& side : sides_) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = static_cast<Source*>(&side);
    if (::epoll_ctl(epoll, EPOLL_CTL_ADD, side.fd.get(), &event) < 0) over = true;
  }
}

void Pair::heard(int side, uint32_t events) {
  if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) sides_[side].readable = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) sides_[side].writable = true;
  all_.queue(*this);
}

bool Pair::connected() {
  if (deadline == 0) return true;
  if (!sides_[1].writable) return true;
  int number = 0;
  socklen_t size = sizeof number;
  if (::getsockopt(sides_[1].fd.get(), SOL_SOCKET, SO_ERROR, &number, &size) < 0 || number != 0) return false;
  deadline = 0;
  all_.settle(*this);
  return true;
}

bool Pair::sendHeader() {
  while (!header_.empty() && sides_[1].writable) {
    const ssize_t sent = ::send(sides_[1].fd.get(), header_.data(), header_.size(), MSG_NOSIGNAL);
    if (sent < 0 && !isAgain(errno)) return false;
    if (sent < 0 && errno != EINTR) sides_[1].writable = false;
    if (sent < 0) continue;
    header_.erase(0, static_cast<size_t>(sent));
  }
  return true;
}

bool Pair::move(int from, bool& moved) {
  Side& source = sides_[from];
  Side& target = sides_[1 - from];
  Flow& flow = flows_[from];
  if (flow.filled == 0 && !flow.ended && source.readable) {
    if (!flow.pipe.in.valid()) flow.pipe = all_.takePipe();
    if (!flow.pipe.in.valid()) return false;
    // Into an empty pipe: EAGAIN is the socket's.
    const ssize_t got = ::splice(source.fd.get(), nullptr, flow.pipe.in.get(), nullptr, kChunk, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (got < 0 && !isAgain(errno)) return false;
    if (got < 0) note(source.readable, moved);
    if (got == 0) flow.ended = true;
    if (got > 0) flow.filled = static_cast<size_t>(got);
    moved = moved || got >= 0;
  }
  if (flow.filled > 0 && target.writable) {
    const ssize_t sent = ::splice(flow.pipe.out.get(), nullptr, target.fd.get(), nullptr, flow.filled, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
    if (sent < 0 && !isAgain(errno)) return false;
    if (sent < 0) note(target.writable, moved);
    else flow.filled -= static_cast<size_t>(sent);
    moved = moved || sent > 0;
  }
  if (flow.filled == 0 && flow.pipe.in.valid()) all_.givePipe(std::move(flow.pipe));
  if (flow.ended && flow.filled == 0 && !flow.told) {
    ::shutdown(target.fd.get(), SHUT_WR);
    flow.told = true;
  }
  return true;
}

bool Pair::pump(bool& more) {
  if (over || !connected()) return false;
  if (deadline != 0) return true;
  if (!sendHeader()) return false;
  more = true;
  for (int round = 0; round < kRounds && more; ++round) {
    bool moved = false;
    if (header_.empty() && !move(0, moved)) return false;
    if (!move(1, moved)) return false;
    more = moved;
  }
  return !(flows_[0].told && flows_[1].told);
}

bool Streams::add(UniqueFd client, const Sock& target, std::string header) {
  UniqueFd fd(::socket(target.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno != EMFILE && errno != ENFILE;
  // EAGAIN: a unix socket whose queue is full, which tells nobody when it is not.
  const bool refused = ::connect(fd.get(), target.address(), target.size) < 0 && errno != EINPROGRESS;
  if (refused) return true;
  Pair& pair = connecting_.emplace_back(*this, std::move(client), std::move(fd), std::move(header));
  pair.self = std::prev(connecting_.end());
  pair.deadline = now() + kConnectMilliseconds;
  pair.begin(epoll_);
  queue(pair);
  return true;
}

void Streams::queue(Pair& pair) {
  if (pair.queued) return;
  pair.queued = true;
  queue_.push_back(&pair);
}

void Streams::work() {
  expire();
  for (size_t left = queue_.size(); left > 0; --left) {
    Pair* pair = queue_.front();
    queue_.pop_front();
    pair->queued = false;
    bool more = false;
    if (!pair->pump(more)) (pair->deadline != 0 ? connecting_ : open_).erase(pair->self);
    else if (more) queue(*pair);
  }
}

void Streams::expire() {
  const uint64_t time = now();
  for (auto& pair : connecting_) {
    if (pair.deadline > time) break;
    pair.over = true;
    queue(pair);
  }
}

int Streams::patience() const {
  if (!queue_.empty()) return 0;
  if (connecting_.empty()) return -1;
  const uint64_t first = connecting_.front().deadline;
  const uint64_t time = now();
  return first <= time ? 0 : static_cast<int>(first - time) + 1;
}

Pipe Streams::takePipe() {
  if (!pipes_.empty()) {
    Pipe spare = std::move(pipes_.back());
    pipes_.pop_back();
    return spare;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return {};
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void Streams::givePipe(Pipe pipe) {
  if (pipes_.size() < kSparePipes) pipes_.push_back(std::move(pipe));
}

}  // namespace lx::proxy
