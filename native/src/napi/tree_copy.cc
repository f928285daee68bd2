// copyTree: a directory's copy, on a thread of its own.
#include <fcntl.h>

#include <thread>

#include "napi/addon.h"
#include "napi/rim.h"
#include "tree/copy.h"

namespace lx::rim {

namespace {

/// Not on the thread pool, whose few threads the whole process shares: a large tree takes minutes.
class TreeCopy {
 public:
  TreeCopy(Napi::Env env, UniqueFd from, std::string to, const Napi::Value& onBytes)
      : deferred_(env), from_(std::move(from)), to_(std::move(to)) {
    if (onBytes.IsFunction()) onBytes_ = Napi::Persistent(onBytes.As<Napi::Function>());
  }

  static Napi::Promise start(Napi::Env env, const std::shared_ptr<TreeCopy>& copy) {
    copy->door_ = Door::New(env, "copyTree", 0, 1, new std::shared_ptr<TreeCopy>(copy), forget, static_cast<void*>(nullptr));
    if (!copy->onBytes_.IsEmpty()) copy->watch_.onBytes = [raw = copy.get()] { raw->tell(); };
    try {
      copy->thread_ = std::thread([raw = copy.get()] { raw->work(); });
    } catch (...) {
      copy->door_.Release();
      throw;
    }
    return copy->deferred_.Promise();
  }

  void cancel() { watch_.cancelled = true; }

 private:
  using Holder = std::shared_ptr<TreeCopy>;
  static void hear(Napi::Env env, Napi::Function /*none*/, Holder* holder, void* /*none*/) {
    if (env != nullptr) (*holder)->hear(env);
  }
  using Door = Napi::TypedThreadSafeFunction<Holder, void, hear>;

  // ---- on the copying thread

  void work() {
    try {
      tree::copy(from_.get(), to_, watch_);
    } catch (const SysError& failure) {
      failure_.emplace(failure);
    } catch (const std::exception& failure) {
      failure_.emplace("copy", ENOMEM, "", failure.what());
    }
    done_ = true;
    knock();
    if (!closed_) door_.Release();
  }

  /// At most one call waits: what it tells is read when it is heard.
  void tell() {
    if (!told_.exchange(true)) knock();
  }

  /// The door of an environment that ends is closed to this thread by the answer, and must not be touched again.
  void knock() {
    if (!closed_) closed_ = door_.BlockingCall() == napi_closing;
  }

  // ---- on the event loop's

  void hear(Napi::Env env) {
    const Napi::HandleScope scope(env);
    if (settled_) return;
    told_ = false;
    // Before it is asked whether all is done: what is told last is the whole.
    const bool done = done_;
    const Napi::Number bytes = Napi::Number::New(env, static_cast<double>(watch_.bytes));
    try {
      if (!onBytes_.IsEmpty()) onBytes_.Call({bytes});
    } catch (const Napi::Error& error) {
      reportUncaught(error);
    }
    if (!done) return;
    settled_ = true;
    if (failure_) deferred_.Reject(toError(env, *failure_).Value());
    else deferred_.Resolve(bytes);
  }

  /// After the last call, or when the environment ends.
  static void forget(Napi::Env /*env*/, void* /*none*/, Holder* holder) {
    TreeCopy& copy = **holder;
    copy.cancel();
    if (copy.thread_.joinable()) copy.thread_.join();
    copy.onBytes_.Reset();
    delete holder;
  }

  Napi::Promise::Deferred deferred_;
  UniqueFd from_;
  std::string to_;
  Napi::FunctionReference onBytes_;
  tree::Watch watch_;
  std::atomic<bool> told_ = false;
  std::atomic<bool> done_ = false;
  /// The copying thread's.
  bool closed_ = false;
  bool settled_ = false;
  std::optional<SysError> failure_;
  Door door_;
  std::thread thread_;
};

UniqueFd sourceArg(const Napi::CallbackInfo& info) {
  if (info[0].IsNumber()) return LX_SYS_FD(::fcntl(intArg(info, 0, "from"), F_DUPFD_CLOEXEC, 0));
  const std::string path = stringArg(info, 0, "from");
  return LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path);
}

Napi::Value copyTree(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto copy = std::make_shared<TreeCopy>(env, sourceArg(info), stringArg(info, 1, "to"), info[2]);
  Napi::Object result = Napi::Object::New(env);
  result.Set("done", TreeCopy::start(env, copy));
  result.Set("cancel", Napi::Function::New(env, [copy](const Napi::CallbackInfo&) { copy->cancel(); }, "cancel"));
  return result;
}

}  // namespace

void registerTreeCopies(Napi::Object exports) { expose<copyTree>(exports, "copyTree"); }

}  // namespace lx::rim
