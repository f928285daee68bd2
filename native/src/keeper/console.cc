#include "keeper/console.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include <array>
#include <cerrno>

#include "base/sys_error.h"

namespace lx::keeper {

namespace {

constexpr size_t kChunk = 4096;
constexpr int kLastChunks = 1024;
/// A guest's output is read no faster than this, 3.2 MB a second: the reading is our time, which no limit of its counts.
constexpr uint64_t kWindow = 20;
constexpr size_t kWindowBytes = 64 * 1024;

void setNonblocking(int fd) { LX_SYS(::fcntl(fd, F_SETFL, LX_SYS(::fcntl(fd, F_GETFL)) | O_NONBLOCK)); }

uint64_t now() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1000000;
}

}  // namespace

void Console::adopt(UniqueFd master, UniqueFd slave) {
  setNonblocking(master.get());
  master_ = std::move(master);
  // Held so that the master does not hang up when the guest closes its console for a moment.
  slave_ = std::move(slave);
  input_.clear();
}

UniqueFd Console::attach() {
  if (client_.valid()) {
    // A client that went away unnoticed makes room.
    pollfd gone{client_.get(), POLLRDHUP, 0};
    if (::poll(&gone, 1, 0) == 0) return {};
  }
  int ends[2];
  LX_SYS(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  client_ = UniqueFd(ends[0]);
  UniqueFd theirs(ends[1]);
  setNonblocking(client_.get());
  input_.clear();
  return theirs;
}

void Console::resize(uint16_t columns, uint16_t rows) {
  const winsize size{rows, columns, 0, 0};
  LX_SYS(::ioctl(master_.get(), TIOCSWINSZ, &size));
}

void Console::watch(std::vector<pollfd>& fds) {
  const bool pending = !input_.empty();
  pause_ = -1;
  if (windowBytes_ >= kWindowBytes) {
    const uint64_t passed = now() - windowStart_;
    if (passed < kWindow) pause_ = static_cast<int>(kWindow - passed);
  }
  const int wanted = (pause_ < 0 ? POLLIN : 0) | (pending ? POLLOUT : 0);
  // Without an event to wait for, a hang-up would still wake us.
  fds.push_back({wanted == 0 ? -1 : master_.get(), static_cast<short>(wanted), 0});
  // While the guest does not read, its client is not read either.
  fds.push_back({client_.get(), static_cast<short>(pending ? 0 : POLLIN), 0});
}

void Console::handle(short masterEvents, short clientEvents) {
  if ((masterEvents & POLLOUT) != 0) flushInput();
  if (masterEvents & (POLLIN | POLLHUP)) readMaster();
  if (clientEvents != 0) readClient();
}

bool Console::readMaster() {
  std::array<char, kChunk> chunk;
  const ssize_t size = ::read(master_.get(), chunk.data(), chunk.size());
  if (size <= 0) return false;
  const uint64_t time = now();
  if (time - windowStart_ >= kWindow) {
    windowStart_ = time;
    windowBytes_ = 0;
  }
  windowBytes_ += static_cast<size_t>(size);
  const std::span<const char> bytes(chunk.data(), static_cast<size_t>(size));
  ring_.append(bytes);
  if (client_.valid() && ::send(client_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 && errno != EAGAIN) client_.reset();
  return true;
}

void Console::readClient() {
  if (!client_.valid()) return;
  std::array<char, kChunk> chunk;
  const ssize_t size = ::recv(client_.get(), chunk.data(), input_.empty() ? chunk.size() : 0, MSG_DONTWAIT);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size <= 0) {
    client_.reset();
    return;
  }
  input_.assign(chunk.data(), chunk.data() + size);
  flushInput();
}

void Console::flushInput() {
  if (input_.empty()) return;
  const ssize_t written = ::write(master_.get(), input_.data(), input_.size());
  if (written < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (written < 0) input_.clear();
  else input_.erase(input_.begin(), input_.begin() + written);
}

void Console::drain() {
  // Bounded: a process outside our sight may go on writing.
  for (int i = 0; i < kLastChunks && readMaster(); ++i) {
  }
}

}  // namespace lx::keeper
