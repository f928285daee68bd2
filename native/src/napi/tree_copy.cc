// copyTree: a directory's copy, on a thread of its own.
#include <fcntl.h>

#include <thread>

#include "napi/addon.h"
#include "napi/rim.h"
#include "tree/copy.h"
#include "tree/earlier.h"

namespace lx::rim {

namespace {

/// Not on the thread pool, whose few threads the whole process shares: a large tree takes minutes.
class TreeCopy {
 public:
  using Past = std::shared_ptr<tree::Earlier>;

  TreeCopy(Napi::Env env, std::vector<UniqueFd> layers, std::string to, const Napi::Value& onBytes, Past now, Past before,
           UniqueFd base = {})
      : deferred_(env),
        layers_(std::move(layers)),
        to_(std::move(to)),
        now_(std::move(now)),
        before_(std::move(before)),
        base_(std::move(base)) {
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
      tree::copy(std::move(layers_), to_, watch_, {now_.get(), before_.get(), std::move(base_)});
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
  std::vector<UniqueFd> layers_;
  std::string to_;
  Past now_;
  Past before_;
  UniqueFd base_;
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

UniqueFd opened(const std::string& path) { return LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path); }

/// A reading position of its own, also of a directory that is open already.
std::vector<UniqueFd> layersArg(const Napi::CallbackInfo& info) {
  std::vector<UniqueFd> layers;
  if (info[0].IsNumber()) layers.push_back(LX_SYS_FD(::openat(intArg(info, 0, "from"), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)));
  else if (info[0].IsString()) layers.push_back(opened(stringArg(info, 0, "from")));
  else {
    const Napi::Array paths = arrayArg(info, 0, "from");
    for (uint32_t i = 0; i < paths.Length(); ++i) layers.push_back(opened(Napi::Value(paths[i]).ToString().Utf8Value()));
    if (layers.empty()) throw SysError("copy", EINVAL, "from");
  }
  return layers;
}

using PastHolder = Napi::External<std::shared_ptr<tree::Earlier>>;

Napi::Object begun(Napi::Env env, const std::shared_ptr<TreeCopy>& copy) {
  Napi::Object result = Napi::Object::New(env);
  result.Set("done", TreeCopy::start(env, copy));
  result.Set("cancel", Napi::Function::New(env, [copy](const Napi::CallbackInfo&) { copy->cancel(); }, "cancel"));
  return result;
}

/// copyTree(from, to, onBytes[, before[, base]])
Napi::Value copyTree(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto before = info[3].IsExternal() ? *info[3].As<PastHolder>().Data() : nullptr;
  if (info[4].IsString() && info[0].IsArray()) throw SysError("copy", EINVAL, "base");
  UniqueFd base = info[4].IsString() ? opened(stringArg(info, 4, "base")) : UniqueFd();
  return begun(env, std::make_shared<TreeCopy>(env, layersArg(info), stringArg(info, 1, "to"), info[2], nullptr, before, std::move(base)));
}

/// copyTreeBefore(from, to, onBytes): a copy with `before` for copyTree
Napi::Value copyTreeBefore(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto now = std::make_shared<tree::Earlier>();
  Napi::Object result = begun(env, std::make_shared<TreeCopy>(env, layersArg(info), stringArg(info, 1, "to"), info[2], now, nullptr));
  result.Set("before", PastHolder::New(env, new std::shared_ptr<tree::Earlier>(now), [](Napi::Env, std::shared_ptr<tree::Earlier>* held) { delete held; }));
  return result;
}

Napi::Value isLargeTree(const Napi::CallbackInfo& info) {
  return promise<bool>(
      info.Env(), [path = stringArg(info, 0, "path")] { return tree::isLarge(path); },
      [](Napi::Env env, bool& large) { return Napi::Boolean::New(env, large); });
}

}  // namespace

void registerTreeCopies(Napi::Object exports) {
  expose<copyTree>(exports, "copyTree");
  expose<copyTreeBefore>(exports, "copyTreeBefore");
  exposeAsync<isLargeTree>(exports, "isLargeTree");
}

}  // namespace lx::rim
