// pidfds.
#include <fcntl.h>

#include "napi/addon.h"
#include "napi/poll.h"
#include "napi/rim.h"
#include "pidfd/pidfd.h"

namespace lx::rim {

namespace {

/// Lives until the process ends or JavaScript closes it, then frees itself with the last reference.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(Napi::Env env, UniqueFd pidfd, Napi::Function onExit)
      : env_(env), pidfd_(std::move(pidfd)), context_(env, "pidfdWatch"), onExit_(Napi::Persistent(onExit)) {}

  void start() {
    // The loop's handle keeps this alive; `close` breaks the ring.
    poll_ = std::make_unique<Poll>(env_, pidfd_.get(), [self = shared_from_this()](int) { self->ended(); });
    poll_->watch(UV_READABLE);
  }
  void close() {
    poll_.reset();
    pidfd_.reset();
    onExit_.Reset();
  }

 private:
  void ended() {
    const auto self = shared_from_this();
    const Napi::HandleScope scope(env_);
    try {
      const Napi::Function callback = onExit_.Value();
      close();
      callback.MakeCallback(env_.Global(), std::initializer_list<napi_value>{}, context_);
    } catch (const Napi::Error& error) {
      reportUncaught(error);
    }
  }

  Napi::Env env_;
  UniqueFd pidfd_;
  Napi::AsyncContext context_;
  Napi::FunctionReference onExit_;
  std::unique_ptr<Poll> poll_;
};

Napi::Value pidfdOpen(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), lx::pidfd::open(intArg(info, 0, "pid")).release());
}

Napi::Value pidfdSendSignal(const Napi::CallbackInfo& info) {
  lx::pidfd::sendSignal(intArg(info, 0, "pidfd"), intArg(info, 1, "signal"));
  return info.Env().Undefined();
}

Napi::Value pidfdWatch(const Napi::CallbackInfo& info) {
  // A copy of the fd: the caller may close its own while the loop still watches.
  UniqueFd pidfd = LX_SYS_FD(::fcntl(intArg(info, 0, "pidfd"), F_DUPFD_CLOEXEC, 0));
  const auto watch = std::make_shared<Watch>(info.Env(), std::move(pidfd), functionArg(info, 1, "onExit"));
  watch->start();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("close", Napi::Function::New(info.Env(), [watch](const Napi::CallbackInfo&) { watch->close(); }, "close"));
  return result;
}

}  // namespace

void registerProcesses(Napi::Object exports) {
  expose<pidfdOpen>(exports, "pidfdOpen");
  expose<pidfdSendSignal>(exports, "pidfdSendSignal");
  expose<pidfdWatch>(exports, "pidfdWatch");
}

}  // namespace lx::rim
