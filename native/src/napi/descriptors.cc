// Plain file descriptors: pipes, sockets, terminals, reading, and what a socket tells of a network port.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/read.h"
#include "ethtool/port.h"
#include "napi/addon.h"
#include "napi/rim.h"
#include "pty/pty.h"
#include "socket/seqpacket.h"

namespace lx::rim {

namespace {

Napi::Value closeFd(const Napi::CallbackInfo& info) {
  LX_SYS(::close(intArg(info, 0, "fd")));
  return info.Env().Undefined();
}

Napi::Value peerCredentials(const Napi::CallbackInfo& info) {
  const ucred peer = lx::socket::peerCredentials(intArg(info, 0, "fd"));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("pid", peer.pid);
  result.Set("uid", peer.uid);
  result.Set("gid", peer.gid);
  return result;
}

Napi::Value pipe(const Napi::CallbackInfo& info) {
  int ends[2];
  LX_SYS(::pipe2(ends, O_CLOEXEC));
  Napi::Object result = Napi::Object::New(info.Env());
  result.Set("read", ends[0]);
  result.Set("write", ends[1]);
  return result;
}

Napi::Value socketPair(const Napi::CallbackInfo& info) {
  int ends[2];
  LX_SYS(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0U, ends[0]);
  result.Set(1U, ends[1]);
  return result;
}

Napi::Value channelPair(const Napi::CallbackInfo& info) {
  auto [left, right] = lx::socket::pair(lx::socket::Mode::nonblocking);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0U, left.release());
  result.Set(1U, right.release());
  return result;
}

Napi::Value readFd(const Napi::CallbackInfo& info) {
  const int fd = intArg(info, 0, "fd");
  return promise<std::string>(
      info.Env(), [fd] { return readAll(fd); },
      [](Napi::Env env, std::string& content) { return Napi::Buffer<char>::Copy(env, content.data(), content.size()); });
}

/// The file behind `path`, or nothing if it does not exist: ENODEV and ESRCH are how cgroupfs and procfs say that the
/// directory went away while its file was open.
std::optional<std::string> readIfThere(const std::string& path) {
  try {
    return readFile(path);
  } catch (const SysError& failure) {
    const int number = failure.number();
    if (number == ENOENT || number == ENODEV || number == ESRCH) return std::nullopt;
    throw;
  }
}

Napi::Value readFiles(const Napi::CallbackInfo& info) {
  using Contents = std::vector<std::optional<std::string>>;
  const Napi::Array array = arrayArg(info, 0, "paths");
  std::vector<std::string> paths;
  for (uint32_t i = 0; i < array.Length(); ++i) paths.push_back(Napi::Value(array[i]).ToString().Utf8Value());
  const auto work = [paths = std::move(paths)] {
    Contents contents;
    contents.reserve(paths.size());
    for (const std::string& path : paths) contents.push_back(readIfThere(path));
    return contents;
  };
  return promise<Contents>(info.Env(), work, [](Napi::Env env, Contents& contents) {
    Napi::Array result = Napi::Array::New(env, contents.size());
    for (uint32_t i = 0; i < contents.size(); ++i) {
      if (contents[i]) result.Set(i, Napi::String::New(env, *contents[i]));
      else result.Set(i, env.Null());
    }
    return result;
  });
}

Napi::Value setWindowSize(const Napi::CallbackInfo& info) {
  const int columns = intArg(info, 1, "columns");
  const int rows = intArg(info, 2, "rows");
  if (columns < 0 || columns > 0xffff || rows < 0 || rows > 0xffff) throw SysError("ioctl", EINVAL, {}, "window size");
  lx::pty::setWindowSize(intArg(info, 0, "fd"), static_cast<uint16_t>(columns), static_cast<uint16_t>(rows));
  return info.Env().Undefined();
}

Napi::Value networkPort(const Napi::CallbackInfo& info) {
  using Port = std::optional<lx::ethtool::Port>;
  return promise<Port>(
      info.Env(), [link = stringArg(info, 0, "link")] { return lx::ethtool::port(link); },
      [](Napi::Env env, Port& port) -> Napi::Value {
        if (!port) return env.Null();
        Napi::Object result = Napi::Object::New(env);
        result.Set("connector", port->connector);
        result.Set("transceiver", port->transceiver);
        result.Set("autoNegotiation", port->autoNegotiation);
        return result;
      });
}

}  // namespace

void registerDescriptors(Napi::Object exports) {
  expose<closeFd>(exports, "closeFd");
  expose<peerCredentials>(exports, "peerCredentials");
  expose<pipe>(exports, "pipe");
  expose<socketPair>(exports, "socketPair");
  expose<channelPair>(exports, "channelPair");
  exposeAsync<readFd>(exports, "readFd");
  exposeAsync<readFiles>(exports, "readFiles");
  exposeAsync<networkPort>(exports, "networkPort");
  expose<setWindowSize>(exports, "setWindowSize");
}

}  // namespace lx::rim
