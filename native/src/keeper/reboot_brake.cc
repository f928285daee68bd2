#include "keeper/reboot_brake.h"

#include <time.h>

namespace lx::keeper {

namespace {

constexpr uint64_t kWindow = 60'000;

}  // namespace

bool RebootBrake::allows() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  const uint64_t now = static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1000000;
  if (times_[next_] != 0 && now - times_[next_] < kWindow) return false;
  times_[next_] = now;
  next_ = (next_ + 1) % kMost;
  return true;
}

}  // namespace lx::keeper
