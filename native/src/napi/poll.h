#pragma once

#include <napi.h>
#include <uv.h>

#include <functional>
#include <memory>

namespace lx::rim {

/// Watches an fd on the event loop (uv_poll). The callback runs on the loop's thread, outside any JavaScript call.
/// Closed by the destructor or, when the environment goes first (a worker that ends), by a clean-up hook that waits
/// until libuv has let go of the handle.
class Poll {
 public:
  /// UV_READABLE, UV_DISCONNECT, ...
  using Callback = std::function<void(int events)>;

  Poll(Napi::Env env, int fd, Callback callback);
  ~Poll();
  Poll(const Poll&) = delete;
  Poll& operator=(const Poll&) = delete;

  /// `events` 0 stops.
  void watch(int events);
  void ref();
  void unref();

 private:
  struct Handle;
  /// Owned by libuv from init until its close callback.
  std::shared_ptr<Handle> handle_;
};

}  // namespace lx::rim
