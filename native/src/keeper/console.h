#pragma once

#include <poll.h>

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "keeper/ring.h"

namespace lx::keeper {

/// The container's console: its output goes to the ring and to the one client that may be attached. Nothing here blocks;
/// a client too slow for the output loses some, the guest is never held up.
class Console {
 public:
  explicit Console(size_t ringBytes) : ring_(ringBytes) {}

  /// Takes a new pty, at the start and after each reboot; an attached client stays.
  void adopt(UniqueFd master, UniqueFd slave);
  /// Gives the client's end of a stream socket; not valid while another client is attached.
  UniqueFd attach();
  void resize(uint16_t columns, uint16_t rows);
  Ring& ring() { return ring_; }

  /// The fds to poll: master, then client.
  void watch(std::vector<pollfd>& fds);
  /// Milliseconds after which to `watch` again although nothing came; -1: no need to. Ask after `watch`.
  [[nodiscard]] int pause() const { return pause_; }
  /// Acts on what poll said of them.
  void handle(short masterEvents, short clientEvents);
  /// Takes what the guest wrote last.
  void drain();

 private:
  bool readMaster();
  void readClient();
  void flushInput();

  Ring ring_;
  UniqueFd master_;
  UniqueFd slave_;
  UniqueFd client_;
  /// What was read of the guest's output in the window that began at this time, in milliseconds.
  uint64_t windowStart_ = 0;
  size_t windowBytes_ = 0;
  int pause_ = -1;
  /// Typed by the client, not taken by the guest yet.
  std::vector<char> input_;
};

}  // namespace lx::keeper
