#include "napi/addon.h"
#include "napi/rim.h"
#include "seccomp/program.h"

namespace lx::rim {

namespace {

/// A number or a bigint, as the 64 bits of a system call's argument.
uint64_t bitsOf(const Napi::Object& object, const char* key) {
  const Napi::Value value = object.Get(key);
  if (value.IsUndefined()) return 0;
  if (value.IsBigInt()) {
    bool lossless = false;
    return value.As<Napi::BigInt>().Uint64Value(&lossless);
  }
  return static_cast<uint64_t>(numberOf(object, key).value_or(0));
}

lx::seccomp::Condition conditionOf(const Napi::Object& object) {
  const int64_t argument = numberOf(object, "argument").value_or(-1);
  return {.argument = argument < 0 ? 99U : static_cast<unsigned>(argument), .comparison = requiredText(object, "operator"),
          .value = bitsOf(object, "value"), .mask = bitsOf(object, "mask")};
}

lx::seccomp::Rule ruleOf(const Napi::Object& object) {
  lx::seccomp::Rule rule{.syscall = requiredText(object, "syscall"), .action = requiredText(object, "action"), .when = {}};
  const Napi::Value when = object.Get("when");
  if (!when.IsArray()) return rule;
  const auto conditions = when.As<Napi::Array>();
  for (uint32_t i = 0; i < conditions.Length(); ++i) rule.when.push_back(conditionOf(Napi::Value(conditions[i]).ToObject()));
  return rule;
}

Napi::Value compileSeccomp(const Napi::CallbackInfo& info) {
  const Napi::Object object = objectArg(info, 0, "policy");
  lx::seccomp::Policy policy{.defaultAction = requiredText(object, "defaultAction"), .rules = {}};
  policy.nativeOnly = flagOf(object, "nativeOnly").value_or(false);
  const Napi::Value rules = object.Get("rules");
  if (!rules.IsArray()) throw Napi::TypeError::New(info.Env(), "rules must be an array");
  const auto list = rules.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); ++i) policy.rules.push_back(ruleOf(Napi::Value(list[i]).ToObject()));
  return promise<std::string>(
      info.Env(), [policy = std::move(policy)] { return lx::seccomp::compile(policy); },
      [](Napi::Env env, std::string& program) { return Napi::Buffer<char>::Copy(env, program.data(), program.size()); });
}

Napi::Value isSystemCall(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), lx::seccomp::isSystemCall(stringArg(info, 0, "name")));
}

}  // namespace

void registerSeccomp(Napi::Object exports) {
  exposeAsync<compileSeccomp>(exports, "compileSeccomp");
  expose<isSystemCall>(exports, "isSystemCall");
}

}  // namespace lx::rim
