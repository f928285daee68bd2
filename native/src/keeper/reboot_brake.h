#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace lx::keeper {

/// A guest that reboots as soon as it is up would have the host make containers for it without end.
class RebootBrake {
 public:
  /// Reboots within the window that are let through.
  static constexpr size_t kMost = 20;

  /// Whether one more may follow now; counts it if so.
  bool allows();

 private:
  /// When the last ones were, in milliseconds of the monotonic clock, as a ring.
  std::array<uint64_t, kMost> times_{};
  size_t next_ = 0;
};

}  // namespace lx::keeper
