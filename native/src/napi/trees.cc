// Trees of files that are read as a whole.
#include "mount/mount.h"
#include "napi/addon.h"
#include "napi/rim.h"

namespace lx::rim {

namespace {

Napi::Value mergedTree(const Napi::CallbackInfo& info) {
  const Napi::Array array = arrayArg(info, 0, "layers");
  std::vector<std::string> layers;
  for (uint32_t i = 0; i < array.Length(); ++i) layers.push_back(Napi::Value(array[i]).ToString().Utf8Value());
  return promise<UniqueFd>(
      info.Env(), [layers = std::move(layers)] { return lx::mount::merged(layers); },
      [](Napi::Env env, UniqueFd& tree) { return Napi::Number::New(env, tree.release()); });
}

}  // namespace

void registerTrees(Napi::Object exports) { exposeAsync<mergedTree>(exports, "mergedTree"); }

}  // namespace lx::rim
