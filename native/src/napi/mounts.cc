// The mount API and what serves it: detached trees, idmaps, opening inside a root.
#include "mount/mount.h"

#include "idmap/userns.h"
#include "mount/open.h"
#include "napi/addon.h"
#include "napi/rim.h"

namespace lx::rim {

namespace {

lx::mount::Attributes attributesOf(const Napi::Object& object) {
  lx::mount::Attributes attributes;
  attributes.readonly = flagOf(object, "readonly");
  attributes.nosuid = flagOf(object, "nosuid");
  attributes.nodev = flagOf(object, "nodev");
  attributes.noexec = flagOf(object, "noexec");
  if (const auto fd = numberOf(object, "idmapUserns")) attributes.idmapUserns = static_cast<int>(*fd);
  return attributes;
}

Napi::Value openTree(const Napi::CallbackInfo& info) {
  const bool recursive = flagOf(objectArg(info, 1, "options"), "recursive").value_or(false);
  return promiseFd(info.Env(), [path = stringArg(info, 0, "path"), recursive] { return lx::mount::openTree(path, recursive); });
}

Napi::Value mountSetattr(const Napi::CallbackInfo& info) {
  const int mount = intArg(info, 0, "mountFd");
  const bool recursive = info[2].ToBoolean();
  return promiseDone(info.Env(), [mount, recursive, attributes = attributesOf(objectArg(info, 1, "attributes"))] {
    lx::mount::setAttributes(mount, attributes, recursive);
  });
}

Napi::Value moveMount(const Napi::CallbackInfo& info) {
  const int mount = intArg(info, 0, "mountFd");
  return promiseDone(info.Env(), [mount, target = stringArg(info, 1, "target")] { lx::mount::moveMount(mount, target); });
}

Napi::Value newMount(const Napi::CallbackInfo& info) {
  const Napi::Object object = objectArg(info, 1, "options");
  const Napi::Array keys = object.GetPropertyNames();
  std::vector<lx::mount::Option> options;
  for (uint32_t i = 0; i < keys.Length(); ++i) {
    const std::string key = Napi::Value(keys[i]).ToString().Utf8Value();
    options.emplace_back(key, textOf(object, key.c_str()));
  }
  return promiseFd(info.Env(), [fstype = stringArg(info, 0, "fstype"), options = std::move(options),
                                attributes = attributesOf(objectArg(info, 2, "attributes"))] {
    return lx::mount::create(fstype, options, attributes);
  });
}

Napi::Value unmount(const Napi::CallbackInfo& info) {
  const bool lazy = flagOf(objectArg(info, 1, "options"), "lazy").value_or(false);
  return promiseDone(info.Env(), [path = stringArg(info, 0, "path"), lazy] { lx::mount::unmount(path, lazy); });
}

Napi::Value openInRoot(const Napi::CallbackInfo& info) {
  const int directory = intArg(info, 0, "directoryFd");
  const auto flags = static_cast<uint64_t>(intArg(info, 2, "flags"));
  const auto mode = static_cast<uint64_t>(info[3].IsUndefined() ? 0 : intArg(info, 3, "mode"));
  return promiseFd(info.Env(), [directory, flags, mode, path = stringArg(info, 1, "path")] {
    return lx::mount::openInRoot(directory, path, flags, mode);
  });
}

Napi::Value userNamespace(const Napi::CallbackInfo& info) {
  return promiseFd(info.Env(), [uidMap = stringArg(info, 0, "uidMap"), gidMap = stringArg(info, 1, "gidMap")] {
    return lx::idmap::createUserNamespace(uidMap, gidMap);
  });
}

}  // namespace

void registerMounts(Napi::Object exports) {
  exposeAsync<openTree>(exports, "openTree");
  exposeAsync<mountSetattr>(exports, "mountSetattr");
  exposeAsync<moveMount>(exports, "moveMount");
  exposeAsync<newMount>(exports, "newMount");
  exposeAsync<unmount>(exports, "unmount");
  exposeAsync<openInRoot>(exports, "openInRoot");
  exposeAsync<userNamespace>(exports, "userNamespace");
}

}  // namespace lx::rim
