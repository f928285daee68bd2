#include "napi/poll.h"

#include "base/sys_error.h"

namespace lx::rim {

// INVARIANT: `self` is set from a successful uv_poll_init until libuv's close callback, so the handle's memory outlives
// both the Poll and the environment's clean-up hook, whichever comes first.
struct Poll::Handle {
  uv_poll_t poll{};
  Callback callback;
  napi_async_cleanup_hook_handle hook = nullptr;
  std::shared_ptr<Handle> self;

  void close() {
    // The function may own the Poll, whose destructor comes back here: it goes last.
    Callback dropped;
    dropped.swap(callback);
    auto* handle = reinterpret_cast<uv_handle_t*>(&poll);
    if (uv_is_closing(handle)) return;
    uv_close(handle, [](uv_handle_t* closed) {
      auto* owner = static_cast<Handle*>(closed->data);
      // Tells an environment that waits in its clean-up that this handle is done.
      if (owner->hook != nullptr) napi_remove_async_cleanup_hook(owner->hook);
      owner->self.reset();
    });
  }
};

Poll::Poll(Napi::Env env, int fd, Callback callback) : handle_(std::make_shared<Handle>()) {
  uv_loop_t* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env);
  const int result = uv_poll_init(loop, &handle_->poll, fd);
  if (result < 0) throw SysError("uv_poll_init", -result);
  handle_->poll.data = handle_.get();
  handle_->self = handle_;
  handle_->callback = std::move(callback);
  const auto onCleanup = [](napi_async_cleanup_hook_handle, void* data) { static_cast<Handle*>(data)->close(); };
  napi_add_async_cleanup_hook(env, onCleanup, handle_.get(), &handle_->hook);
}

Poll::~Poll() { handle_->close(); }

void Poll::watch(int events) {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(&handle_->poll))) return;
  if (events == 0) {
    uv_poll_stop(&handle_->poll);
    return;
  }
  const int result = uv_poll_start(&handle_->poll, events, [](uv_poll_t* poll, int status, int seen) {
    // The callback may destroy the Poll: keep the handle and the function alive until it returns.
    const std::shared_ptr<Handle> handle = static_cast<Handle*>(poll->data)->self;
    const Callback run = handle->callback;
    if (run) run(status < 0 ? UV_READABLE | UV_DISCONNECT : seen);
  });
  if (result < 0) throw SysError("uv_poll_start", -result);
}

void Poll::ref() { uv_ref(reinterpret_cast<uv_handle_t*>(&handle_->poll)); }

void Poll::unref() { uv_unref(reinterpret_cast<uv_handle_t*>(&handle_->poll)); }

}  // namespace lx::rim
