#pragma once

#include <cstdint>

// What is said on nursery.sock and <id>.sock; docs/keeper-protocol.md draws the arrows. The other side is
// libs/host/src/keeper/protocol.ts: change both, and raise the version when an old peer would misread the change.
namespace lx::keeper {

constexpr uint32_t kProtocolVersion = 5;
/// Plans from this version on are read: of keepers that an earlier nursery forked, to clear up behind them.
constexpr uint32_t kOldestPlan = 3;

enum class Type : uint16_t {
  // daemon -> nursery
  hello = 1,
  launch = 2,
  retire = 3,
  room = 4,
  roomsOver = 5,
  // daemon -> keeper
  info = 16,
  signal = 17,
  kill = 18,
  exec = 19,
  execSignal = 20,
  consoleAttach = 21,
  consoleResize = 22,
  logRead = 23,
  logClear = 24,
  renew = 25,
  mount = 26,
  unmount = 27,
  plug = 28,
  unplug = 29,
  files = 30,
  filesEnd = 31,
  limit = 32,
  proxy = 40,
  proxyEnd = 41,
  // answers, with the request's seq
  greeting = 64,
  running = 65,
  failed = 66,
  done = 67,
  execStarted = 68,
  console = 69,
  log = 70,
  filesOpen = 71,
  // events, with seq 0
  execExited = 80,
  rebooted = 81,
  ended = 82,
};

enum class EndReason : uint8_t { poweroff = 0, killed = 1, exited = 2, rebootFailed = 3 };

/// Each message starts with: u16 type, u16 zero, u32 seq. All numbers are little-endian.
constexpr uint32_t kHeaderSize = 8;

}  // namespace lx::keeper
