#pragma once

#include <napi.h>

namespace lx::rim {

/// One of each Node environment (main thread or worker).
struct AddonData {
  Napi::FunctionReference channel;
};

void registerBtrfs(Napi::Object exports);
void registerChannel(Napi::Object exports, AddonData& data);
void registerDescriptors(Napi::Object exports);
void registerDeviceWatch(Napi::Object exports);
void registerLinkWatch(Napi::Object exports);
void registerMounts(Napi::Object exports);
void registerProcesses(Napi::Object exports);
void registerRouteSocket(Napi::Object exports);
void registerSeccomp(Napi::Object exports);
void registerTreeCopies(Napi::Object exports);
void registerTreeRemoval(Napi::Object exports);
void registerTrees(Napi::Object exports);

}  // namespace lx::rim
