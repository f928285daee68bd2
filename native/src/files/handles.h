#pragma once

#include <dirent.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace lx::files {

/// What a client has opened. There are at most kMost, so that one that closes nothing costs little.
class Handles {
 public:
  static constexpr size_t kMost = 256;

  struct Open {
    int fd = -1;
    DIR* directory = nullptr;
  };

  Handles() = default;
  Handles(const Handles&) = delete;
  Handles& operator=(const Handles&) = delete;
  ~Handles();

  [[nodiscard]] bool full() const { return open_.size() >= kMost; }
  std::string add(Open open);
  /// Null: there is no such handle.
  Open* find(std::string_view handle);
  /// 0, or -1 with errno.
  int close(std::string_view handle);

 private:
  static uint32_t numberOf(std::string_view handle);
  static int end(const Open& open);

  std::map<uint32_t, Open> open_;
  uint32_t last_ = 0;
};

}  // namespace lx::files
