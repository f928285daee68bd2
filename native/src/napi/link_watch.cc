// linkWatch: links of the host that are deleted.
#include "napi/addon.h"
#include "napi/poll.h"
#include "napi/rim.h"
#include "netlink/deletions.h"

namespace lx::rim {

namespace {

/// Lives until JavaScript closes it.
class LinkWatch : public std::enable_shared_from_this<LinkWatch> {
 public:
  LinkWatch(Napi::Env env, Napi::Function onDeleted)
      : env_(env), fd_(netlink::watchDeletions()), context_(env, "linkWatch"), onDeleted_(Napi::Persistent(onDeleted)) {}

  void start() {
    // The loop's handle keeps this alive; `close` breaks the ring.
    poll_ = std::make_unique<Poll>(env_, fd_.get(), [self = shared_from_this()](int) { self->hear(); });
    poll_->watch(UV_READABLE);
    poll_->unref();
  }
  void close() {
    poll_.reset();
    fd_.reset();
    onDeleted_.Reset();
  }

 private:
  void hear() {
    const auto self = shared_from_this();
    const Napi::HandleScope scope(env_);
    try {
      const netlink::Deletions seen = guarded(env_, [&] { return netlink::readDeletions(fd_.get()); });
      if (seen.names.empty() && !seen.missed) return;
      Napi::Array names = Napi::Array::New(env_, seen.names.size());
      for (uint32_t i = 0; i < seen.names.size(); ++i) names.Set(i, seen.names[i]);
      const Napi::Value told = seen.missed ? env_.Null() : Napi::Value(names);
      onDeleted_.Value().MakeCallback(env_.Global(), std::initializer_list<napi_value>{told}, context_);
    } catch (const Napi::Error& error) {
      reportUncaught(error);
    }
  }

  Napi::Env env_;
  UniqueFd fd_;
  Napi::AsyncContext context_;
  Napi::FunctionReference onDeleted_;
  std::unique_ptr<Poll> poll_;
};

Napi::Value linkWatch(const Napi::CallbackInfo& info) {
  const auto watch = std::make_shared<LinkWatch>(info.Env(), functionArg(info, 0, "onDeleted"));
  watch->start();
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("close", Napi::Function::New(info.Env(), [watch](const Napi::CallbackInfo&) { watch->close(); }, "close"));
  return result;
}

}  // namespace

void registerLinkWatch(Napi::Object exports) { expose<linkWatch>(exports, "linkWatch"); }

}  // namespace lx::rim
