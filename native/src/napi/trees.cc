// Trees of files: what is seen of them as a whole, and the directories at their top.
#include "mount/mount.h"
#include "napi/addon.h"
#include "napi/rim.h"
#include "tree/directory.h"

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

Napi::Value directoryLike(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [like = stringArg(info, 0, "like"), to = stringArg(info, 1, "to")] { tree::makeLike(like, to); });
}

Napi::Value isDirectoryLike(const Napi::CallbackInfo& info) {
  return promise<bool>(
      info.Env(), [directory = stringArg(info, 0, "directory"), like = stringArg(info, 1, "like")] { return tree::isLike(directory, like); },
      [](Napi::Env env, bool& alike) { return Napi::Boolean::New(env, alike); });
}

}  // namespace

void registerTrees(Napi::Object exports) {
  exposeAsync<mergedTree>(exports, "mergedTree");
  exposeAsync<directoryLike>(exports, "directoryLike");
  exposeAsync<isDirectoryLike>(exports, "isDirectoryLike");
}

}  // namespace lx::rim
