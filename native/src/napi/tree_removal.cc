#include "napi/addon.h"
#include "napi/rim.h"
#include "tree/remove.h"

namespace lx::rim {

namespace {

Napi::Value removeTree(const Napi::CallbackInfo& info) {
  std::string path = stringArg(info, 0, "path");
  return promise<bool>(
      info.Env(), [path = std::move(path)] { return lx::tree::remove(path); },
      [](Napi::Env env, bool& gone) { return Napi::Boolean::New(env, gone); });
}

}  // namespace

void registerTreeRemoval(Napi::Object exports) { exposeAsync<removeTree>(exports, "removeTree"); }

}  // namespace lx::rim
