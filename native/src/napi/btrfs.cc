// Subvolumes, file systems and quotas of btrfs.
#include <fcntl.h>

#include "btrfs/filesystem.h"
#include "btrfs/quota.h"
#include "btrfs/subvolume.h"
#include "napi/addon.h"
#include "napi/rim.h"

namespace lx::rim {

namespace {

Napi::Value makeSubvolume(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [path = stringArg(info, 0, "path")] { btrfs::create(path); });
}

Napi::Value snapshotSubvolume(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [from = stringArg(info, 0, "from"), to = stringArg(info, 1, "to")] { btrfs::snapshot(from, to); });
}

Napi::Value isSubvolume(const Napi::CallbackInfo& info) {
  const auto work = [path = stringArg(info, 0, "path")] {
    const UniqueFd directory = LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), path);
    return btrfs::isSubvolume(directory.get());
  };
  return promise<bool>(info.Env(), work, [](Napi::Env env, bool& is) { return Napi::Boolean::New(env, is); });
}

Napi::Value btrfsUuid(const Napi::CallbackInfo& info) {
  return promise<std::string>(
      info.Env(), [path = stringArg(info, 0, "path")] { return btrfs::uuidAt(path); },
      [](Napi::Env env, std::string& uuid) -> Napi::Value { return uuid.empty() ? env.Null() : Napi::String::New(env, uuid).As<Napi::Value>(); });
}

Napi::Value growBtrfs(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [path = stringArg(info, 0, "path")] { btrfs::grow(path); });
}

Napi::Value subvolumeUsage(const Napi::CallbackInfo& info) {
  using Found = std::optional<btrfs::Usage>;
  return promise<Found>(
      info.Env(), [path = stringArg(info, 0, "path")] { return btrfs::usageOf(path); },
      [](Napi::Env env, Found& usage) -> Napi::Value {
        if (!usage) return env.Null();
        Napi::Object result = Napi::Object::New(env);
        result.Set("referenced", Napi::Number::New(env, static_cast<double>(usage->referenced)));
        result.Set("exclusive", Napi::Number::New(env, static_cast<double>(usage->exclusive)));
        return result;
      });
}

Napi::Value limitSubvolume(const Napi::CallbackInfo& info) {
  std::optional<uint64_t> bytes;
  if (info[1].IsNumber()) bytes = static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value());
  return promiseDone(info.Env(), [path = stringArg(info, 0, "path"), bytes] { btrfs::limit(path, bytes); });
}

Napi::Value sweepSubvolumeGroups(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [path = stringArg(info, 0, "path")] { btrfs::sweepGroups(path); });
}

}  // namespace

void registerBtrfs(Napi::Object exports) {
  exposeAsync<makeSubvolume>(exports, "makeSubvolume");
  exposeAsync<snapshotSubvolume>(exports, "snapshotSubvolume");
  exposeAsync<isSubvolume>(exports, "isSubvolume");
  exposeAsync<btrfsUuid>(exports, "btrfsUuid");
  exposeAsync<growBtrfs>(exports, "growBtrfs");
  exposeAsync<subvolumeUsage>(exports, "subvolumeUsage");
  exposeAsync<limitSubvolume>(exports, "limitSubvolume");
  exposeAsync<sweepSubvolumeGroups>(exports, "sweepSubvolumeGroups");
}

}  // namespace lx::rim
