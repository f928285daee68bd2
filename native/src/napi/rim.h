#pragma once

#include <napi.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/sys_error.h"
#include "base/unique_fd.h"

// Where C++ meets JavaScript: arguments in, results and errors out, blocking work off the event loop.
namespace lx::rim {

/// An Error in Node's own shape: {code, errno, syscall, path?, detail?}.
Napi::Error toError(Napi::Env env, const SysError& failure);

/// Runs `body` and turns what it throws into a JavaScript exception.
template <typename Body>
auto guarded(Napi::Env env, Body body) -> decltype(body()) {
  try {
    return body();
  } catch (const SysError& failure) {
    throw toError(env, failure);
  } catch (const Napi::Error&) {
    throw;
  } catch (const std::exception& failure) {
    throw Napi::Error::New(env, failure.what());
  }
}

/// Runs `body`, which makes a promise; what it throws becomes a rejected one.
template <typename Body>
Napi::Value rejecting(Napi::Env env, Body body) {
  try {
    return guarded(env, body);
  } catch (const Napi::Error& error) {
    const Napi::Promise::Deferred deferred(env);
    deferred.Reject(error.Value());
    return deferred.Promise();
  }
}

/// Reports an exception of a callback the way Node reports one of its own callbacks: 'uncaughtException'.
void reportUncaught(const Napi::Error& error);

/// Jobs that must not overlap: each starts when the one before has settled. Used on the event loop's thread only.
class Sequence {
 public:
  void add(Napi::AsyncWorker* worker);
  void next();

 private:
  std::deque<Napi::AsyncWorker*> waiting_;
  bool busy_ = false;
};

/// Runs `Work` on the thread pool and settles a promise with `Convert` of its result.
template <typename Result>
class Job : public Napi::AsyncWorker {
 public:
  using Work = std::function<Result()>;
  using Convert = std::function<Napi::Value(Napi::Env, Result&)>;

  Job(Napi::Env env, Work work, Convert convert, std::shared_ptr<Sequence> sequence)
      : Napi::AsyncWorker(env), deferred_(env), work_(std::move(work)), convert_(std::move(convert)), sequence_(std::move(sequence)) {}

  [[nodiscard]] Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    try {
      result_.emplace(work_());
    } catch (const SysError& failure) {
      failure_.emplace(failure);
    }
    // Other exceptions become the worker's error (OnError).
  }
  void OnOK() override {
    try {
      if (failure_) deferred_.Reject(toError(Env(), *failure_).Value());
      else deferred_.Resolve(convert_(Env(), *result_));
    } catch (const Napi::Error& error) {
      deferred_.Reject(error.Value());
    }
    if (sequence_) sequence_->next();
  }
  void OnError(const Napi::Error& error) override {
    deferred_.Reject(error.Value());
    if (sequence_) sequence_->next();
  }

 private:
  Napi::Promise::Deferred deferred_;
  Work work_;
  Convert convert_;
  std::shared_ptr<Sequence> sequence_;
  std::optional<Result> result_;
  std::optional<SysError> failure_;
};

template <typename Result>
Napi::Value promise(Napi::Env env, std::function<Result()> work, typename Job<Result>::Convert convert, std::shared_ptr<Sequence> sequence = nullptr) {
  auto* job = new Job<Result>(env, std::move(work), std::move(convert), sequence);
  Napi::Promise made = job->promise();
  if (sequence) sequence->add(job);
  else job->Queue();
  return made;
}

/// A promise of nothing.
Napi::Value promiseDone(Napi::Env env, std::function<void()> work, std::shared_ptr<Sequence> sequence = nullptr);

// ---- arguments; a wrong type throws TypeError naming the argument
std::string stringArg(const Napi::CallbackInfo& info, size_t position, const char* name);
int intArg(const Napi::CallbackInfo& info, size_t position, const char* name);
Napi::Function functionArg(const Napi::CallbackInfo& info, size_t position, const char* name);
/// An empty object where the argument is missing.
Napi::Object objectArg(const Napi::CallbackInfo& info, size_t position, const char* name);
Napi::Array arrayArg(const Napi::CallbackInfo& info, size_t position, const char* name);

// ---- properties of an options object; absent, undefined and null are nullopt
std::optional<std::string> textOf(const Napi::Object& object, const char* key);
std::optional<int64_t> numberOf(const Napi::Object& object, const char* key);
std::optional<bool> flagOf(const Napi::Object& object, const char* key);
std::string requiredText(const Napi::Object& object, const char* key);

using Function = Napi::Value (*)(const Napi::CallbackInfo&);

/// Exports a function whose failures become exceptions.
template <Function Body>
void expose(Napi::Object exports, const char* name) {
  const auto entry = [](const Napi::CallbackInfo& info) { return guarded(info.Env(), [&] { return Body(info); }); };
  exports.Set(name, Napi::Function::New(exports.Env(), entry, name));
}

/// Exports a function that returns a promise; bad arguments reject it too, as in an async function.
template <Function Body>
void exposeAsync(Napi::Object exports, const char* name) {
  const auto entry = [](const Napi::CallbackInfo& info) { return rejecting(info.Env(), [&] { return Body(info); }); };
  exports.Set(name, Napi::Function::New(exports.Env(), entry, name));
}

}  // namespace lx::rim
