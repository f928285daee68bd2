#include "napi/addon.h"

namespace {

Napi::Object registerAll(Napi::Env env, Napi::Object exports) {
  auto* data = new lx::rim::AddonData();
  env.SetInstanceData(data);
  lx::rim::registerBtrfs(exports);
  lx::rim::registerChannel(exports, *data);
  lx::rim::registerDescriptors(exports);
  lx::rim::registerDeviceWatch(exports);
  lx::rim::registerLinkWatch(exports);
  lx::rim::registerMounts(exports);
  lx::rim::registerProcesses(exports);
  lx::rim::registerRouteSocket(exports);
  lx::rim::registerSeccomp(exports);
  lx::rim::registerTreeCopies(exports);
  lx::rim::registerTreeRemoval(exports);
  lx::rim::registerTrees(exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(lxctl, registerAll)
