#include "napi/rim.h"

#include <uv.h>

#include <cmath>

namespace lx::rim {

namespace {

[[noreturn]] void wrongType(Napi::Env env, const std::string& name, const char* wanted) {
  throw Napi::TypeError::New(env, name + " must be " + wanted);
}

std::optional<Napi::Value> present(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined() || value.IsNull()) return std::nullopt;
  return value;
}

bool isInteger(const Napi::Value& value) {
  return value.IsNumber() && std::trunc(value.As<Napi::Number>().DoubleValue()) == value.As<Napi::Number>().DoubleValue();
}

}  // namespace

Napi::Error toError(Napi::Env env, const SysError& failure) {
  const int number = -failure.number();
  const std::string code = uv_err_name(number);
  std::string message = code + ": " + uv_strerror(number) + ", " + failure.call();
  if (!failure.subject().empty()) message += " '" + failure.subject() + "'";
  if (!failure.detail().empty()) message += " (" + failure.detail() + ")";
  Napi::Error error = Napi::Error::New(env, message);
  Napi::Object object = error.Value();
  object.Set("code", code);
  object.Set("errno", number);
  object.Set("syscall", failure.call());
  if (!failure.subject().empty()) object.Set("path", failure.subject());
  if (!failure.detail().empty()) object.Set("detail", failure.detail());
  return error;
}

void reportUncaught(const Napi::Error& error) { (void)napi_fatal_exception(error.Env(), error.Value()); }

void Sequence::add(Napi::AsyncWorker* worker) {
  waiting_.push_back(worker);
  if (!busy_) next();
}

void Sequence::next() {
  busy_ = !waiting_.empty();
  if (!busy_) return;
  Napi::AsyncWorker* worker = waiting_.front();
  waiting_.pop_front();
  worker->Queue();
}

Napi::Value promiseDone(Napi::Env env, std::function<void()> work, std::shared_ptr<Sequence> sequence) {
  return promise<bool>(
      env, [work = std::move(work)] { return work(), true; }, [](Napi::Env target, bool&) { return target.Undefined(); }, std::move(sequence));
}

std::string stringArg(const Napi::CallbackInfo& info, size_t position, const char* name) {
  if (!info[position].IsString()) wrongType(info.Env(), name, "a string");
  std::string text = info[position].As<Napi::String>().Utf8Value();
  // As in node:fs: the kernel would see only the part before the zero byte.
  if (text.find('\0') != std::string::npos) wrongType(info.Env(), name, "a string without null bytes");
  return text;
}

int intArg(const Napi::CallbackInfo& info, size_t position, const char* name) {
  if (!isInteger(info[position])) wrongType(info.Env(), name, "an integer");
  return info[position].As<Napi::Number>().Int32Value();
}

Napi::Function functionArg(const Napi::CallbackInfo& info, size_t position, const char* name) {
  if (!info[position].IsFunction()) wrongType(info.Env(), name, "a function");
  return info[position].As<Napi::Function>();
}

Napi::Object objectArg(const Napi::CallbackInfo& info, size_t position, const char* name) {
  if (info[position].IsUndefined()) return Napi::Object::New(info.Env());
  if (!info[position].IsObject()) wrongType(info.Env(), name, "an object");
  return info[position].As<Napi::Object>();
}

Napi::Array arrayArg(const Napi::CallbackInfo& info, size_t position, const char* name) {
  if (!info[position].IsArray()) wrongType(info.Env(), name, "an array");
  return info[position].As<Napi::Array>();
}

std::optional<std::string> textOf(const Napi::Object& object, const char* key) {
  const auto value = present(object, key);
  if (!value) return std::nullopt;
  if (!value->IsString()) wrongType(object.Env(), key, "a string");
  return value->As<Napi::String>().Utf8Value();
}

std::optional<int64_t> numberOf(const Napi::Object& object, const char* key) {
  const auto value = present(object, key);
  if (!value) return std::nullopt;
  if (!isInteger(*value)) wrongType(object.Env(), key, "an integer");
  return value->As<Napi::Number>().Int64Value();
}

std::optional<bool> flagOf(const Napi::Object& object, const char* key) {
  const auto value = present(object, key);
  if (!value) return std::nullopt;
  if (!value->IsBoolean()) wrongType(object.Env(), key, "a boolean");
  return value->As<Napi::Boolean>().Value();
}

std::string requiredText(const Napi::Object& object, const char* key) {
  const auto text = textOf(object, key);
  if (!text) wrongType(object.Env(), key, "a string");
  return *text;
}

}  // namespace lx::rim
