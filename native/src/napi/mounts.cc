// File systems of devices and of files, mounted on the host.
#include <sys/mount.h>
#include <sys/stat.h>

#include <map>

#include "mount/loop.h"
#include "mount/mount.h"
#include "napi/addon.h"
#include "napi/rim.h"

namespace lx::rim {

namespace {

struct Wanted {
  std::string source;
  std::string type;
  std::string target;
  std::vector<mount::Option> options;
  mount::Attributes attributes;
};

/// Flags of the mount; all others are the file system's.
bool isFlag(const std::string& option, mount::Attributes& attributes) {
  const std::map<std::string, std::optional<bool>*> flags{{"nosuid", &attributes.nosuid},   {"nodev", &attributes.nodev},
                                                          {"noexec", &attributes.noexec},   {"noatime", &attributes.noatime},
                                                          {"nodiratime", &attributes.nodiratime}};
  const auto found = flags.find(option);
  if (found != flags.end()) *found->second = true;
  return found != flags.end() || option == "defaults" || option == "rw" || option == "relatime";
}

Wanted wanted(const Napi::CallbackInfo& info) {
  const Napi::Object given = objectArg(info, 0, "mount");
  Wanted mount{requiredText(given, "source"), requiredText(given, "type"), requiredText(given, "target"), {}, {}};
  const Napi::Value options = given.Get("options");
  if (!options.IsArray()) return mount;
  for (uint32_t i = 0; i < options.As<Napi::Array>().Length(); ++i) {
    const std::string option = Napi::Value(options.As<Napi::Array>()[i]).ToString().Utf8Value();
    if (isFlag(option, mount.attributes)) continue;
    const size_t equals = option.find('=');
    if (equals == std::string::npos) mount.options.emplace_back(option, std::nullopt);
    else mount.options.emplace_back(option.substr(0, equals), option.substr(equals + 1));
  }
  return mount;
}

/// The mount has no place until all else is done, so who is killed before leaves nothing: neither it nor the loop device.
void mountAt(Wanted mount) {
  struct stat info {};
  LX_SYS(::stat(mount.source.c_str(), &info), mount.source);
  mount::Loop loop;
  if (S_ISREG(info.st_mode)) loop = mount::attachLoop(mount.source);
  mount.options.insert(mount.options.begin(), mount::Option{"source", loop.fd.valid() ? loop.path : mount.source});
  const UniqueFd made = mount::create(mount.type, mount.options, mount.attributes);
  mount::moveMount(made.get(), mount.target);
}

Napi::Value mountFilesystem(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [mount = wanted(info)] { mountAt(mount); });
}

/// From the tree at once, and really when nobody uses it any more. What is no mount is left.
Napi::Value unmountFilesystem(const Napi::CallbackInfo& info) {
  return promiseDone(info.Env(), [path = stringArg(info, 0, "path")] {
    if (::umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && errno != EINVAL && errno != ENOENT) throw SysError("umount2", errno, path);
  });
}

}  // namespace

void registerMounts(Napi::Object exports) {
  exposeAsync<mountFilesystem>(exports, "mountFilesystem");
  exposeAsync<unmountFilesystem>(exports, "unmountFilesystem");
}

}  // namespace lx::rim
