// deviceWatch: devices of the host, and entries of directories, that come and go.
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <vector>

#include "base/sys_error.h"
#include "napi/addon.h"
#include "napi/poll.h"
#include "napi/rim.h"
#include "netlink/uevents.h"

namespace lx::rim {

namespace {

/// Not what is written: a guest that writes into a device of the host's would have us hear of it each time.
constexpr uint32_t kComesOrGoes = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

/// Of a directory that is not there nothing is heard.
UniqueFd watchEntries(const std::vector<std::string>& directories) {
  UniqueFd fd = LX_SYS_FD(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  for (const auto& directory : directories) {
    if (::inotify_add_watch(fd.get(), directory.c_str(), kComesOrGoes) < 0 && errno != ENOENT && errno != ENOTDIR)
      throw SysError("inotify_add_watch", errno, directory);
  }
  return fd;
}

bool readEntries(int fd) {
  alignas(inotify_event) std::array<char, 8192> events;
  bool changed = false;
  for (;;) {
    const ssize_t got = ::read(fd, events.data(), events.size());
    if (got < 0 && errno == EAGAIN) return changed;
    if (got < 0 && errno != EINTR) throw SysError("read", errno, "inotify");
    changed = changed || got > 0;
  }
}

/// Lives until JavaScript closes it.
class DeviceWatch : public std::enable_shared_from_this<DeviceWatch> {
 public:
  DeviceWatch(Napi::Env env, Napi::Function onChange)
      : env_(env), devices_(netlink::watchDevices()), context_(env, "deviceWatch"), onChange_(Napi::Persistent(onChange)) {}

  void start() { devicesPoll_ = poll(devices_, netlink::readDeviceChanges); }
  void directories(const std::vector<std::string>& list) {
    if (!devicesPoll_) return;
    entriesPoll_.reset();
    entries_ = watchEntries(list);
    entriesPoll_ = poll(entries_, readEntries);
  }
  void close() {
    devicesPoll_.reset();
    entriesPoll_.reset();
    devices_.reset();
    entries_.reset();
    onChange_.Reset();
  }

 private:
  /// The loop's handle keeps this alive; `close` breaks the ring.
  std::unique_ptr<Poll> poll(const UniqueFd& fd, bool (*read)(int)) {
    auto made = std::make_unique<Poll>(env_, fd.get(), [self = shared_from_this(), number = fd.get(), read](int) { self->hear(number, read); });
    made->watch(UV_READABLE);
    made->unref();
    return made;
  }
  void hear(int fd, bool (*read)(int)) {
    const auto self = shared_from_this();
    const Napi::HandleScope scope(env_);
    try {
      if (!guarded(env_, [&] { return read(fd); })) return;
      onChange_.Value().MakeCallback(env_.Global(), std::initializer_list<napi_value>{}, context_);
    } catch (const Napi::Error& error) {
      reportUncaught(error);
    }
  }

  Napi::Env env_;
  UniqueFd devices_;
  UniqueFd entries_;
  Napi::AsyncContext context_;
  Napi::FunctionReference onChange_;
  std::unique_ptr<Poll> devicesPoll_;
  std::unique_ptr<Poll> entriesPoll_;
};

Napi::Value deviceWatch(const Napi::CallbackInfo& info) {
  const auto watch = std::make_shared<DeviceWatch>(info.Env(), functionArg(info, 0, "onChange"));
  watch->start();
  Napi::Object result = Napi::Object::New(info.Env());
  const auto directories = [watch](const Napi::CallbackInfo& call) {
    guarded(call.Env(), [&] {
      const Napi::Array array = arrayArg(call, 0, "directories");
      std::vector<std::string> list;
      for (uint32_t i = 0; i < array.Length(); ++i) list.push_back(Napi::Value(array[i]).ToString().Utf8Value());
      watch->directories(list);
    });
  };
  result.Set("directories", Napi::Function::New(info.Env(), directories, "directories"));
  result.Set("close", Napi::Function::New(info.Env(), [watch](const Napi::CallbackInfo&) { watch->close(); }, "close"));
  return result;
}

}  // namespace

void registerDeviceWatch(Napi::Object exports) { expose<deviceWatch>(exports, "deviceWatch"); }

}  // namespace lx::rim
