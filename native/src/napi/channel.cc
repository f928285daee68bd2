// Channel: SOCK_SEQPACKET sockets on the event loop.
#include <fcntl.h>

#include "napi/addon.h"
#include "napi/poll.h"
#include "napi/rim.h"
#include "socket/seqpacket.h"

namespace lx::rim {

namespace {

using lx::socket::Mode;
using lx::socket::Receipt;

/// So many messages are handed out before other handles of the loop get their turn.
constexpr int kBurst = 64;

// INVARIANTS: `poll_` exists from the first handler set until the socket is closed, and holds a reference on the
// JavaScript object for that time, so a channel in use is never collected. onClose is called at most once, and not for
// the owner's own close().
class Channel : public Napi::ObjectWrap<Channel> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Channel",
        {StaticMethod<&Channel::connect>("connect"), StaticMethod<&Channel::listen>("listen"), StaticMethod<&Channel::adopt>("adopt"),
         InstanceAccessor<&Channel::peer>("peer"), InstanceAccessor<&Channel::onMessage, &Channel::setOnMessage>("onMessage"),
         InstanceAccessor<&Channel::onClose, &Channel::setOnClose>("onClose"), InstanceMethod<&Channel::send>("send"),
         InstanceMethod<&Channel::ref>("ref"), InstanceMethod<&Channel::unref>("unref"), InstanceMethod<&Channel::close>("close")});
  }

  static Napi::Object make(Napi::Env env, UniqueFd fd) {
    return env.GetInstanceData<AddonData>()->channel.New({Napi::External<UniqueFd>::New(env, &fd)});
  }

  explicit Channel(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Channel>(info), context_(info.Env(), "Channel") {
    if (!info[0].IsExternal()) throw Napi::TypeError::New(info.Env(), "Channels are made by connect, listen and adopt");
    fd_ = std::move(*info[0].As<Napi::External<UniqueFd>>().Data());
  }

 private:
  static Napi::Value connect(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] { return make(info.Env(), lx::socket::connect(stringArg(info, 0, "path"), Mode::nonblocking)); });
  }
  static Napi::Value adopt(const Napi::CallbackInfo& info);
  static Napi::Value listen(const Napi::CallbackInfo& info);

  Napi::Value peer(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      const ucred peer = lx::socket::peerCredentials(fd_.get());
      Napi::Object object = Napi::Object::New(info.Env());
      object.Set("pid", peer.pid);
      object.Set("uid", peer.uid);
      object.Set("gid", peer.gid);
      return object;
    });
  }

  Napi::Value send(const Napi::CallbackInfo& info) {
    return guarded(info.Env(), [&] {
      if (!info[0].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "data must be a Uint8Array");
      const auto data = info[0].As<Napi::Uint8Array>();
      std::vector<int> fds;
      if (!info[1].IsUndefined()) {
        const Napi::Array list = arrayArg(info, 1, "fds");
        for (uint32_t i = 0; i < list.Length(); ++i) fds.push_back(Napi::Value(list[i]).ToNumber().Int32Value());
      }
      lx::socket::send(fd_.get(), {reinterpret_cast<const std::byte*>(data.Data()), data.ByteLength()}, fds);
      return info.Env().Undefined();
    });
  }

  Napi::Value onMessage(const Napi::CallbackInfo& info) { return onMessage_.IsEmpty() ? info.Env().Null() : onMessage_.Value(); }
  Napi::Value onClose(const Napi::CallbackInfo& info) { return onClose_.IsEmpty() ? info.Env().Null() : onClose_.Value(); }
  void setOnMessage(const Napi::CallbackInfo& info, const Napi::Value& value) { setHandler(info.Env(), onMessage_, value); }
  void setOnClose(const Napi::CallbackInfo& info, const Napi::Value& value) { setHandler(info.Env(), onClose_, value); }

  void setHandler(Napi::Env env, Napi::FunctionReference& handler, const Napi::Value& value) {
    if (value.IsFunction()) handler = Napi::Persistent(value.As<Napi::Function>());
    else handler.Reset();
    guarded(env, [&] { watch(env); });
  }

  Napi::Value ref(const Napi::CallbackInfo& info) {
    keepsAlive_ = true;
    if (poll_) poll_->ref();
    return info.Env().Undefined();
  }
  Napi::Value unref(const Napi::CallbackInfo& info) {
    keepsAlive_ = false;
    if (poll_) poll_->unref();
    return info.Env().Undefined();
  }
  Napi::Value close(const Napi::CallbackInfo& info) {
    shut();
    return info.Env().Undefined();
  }

  /// Asks the loop for what the present handlers can take: messages stay in the kernel until there is an onMessage.
  void watch(Napi::Env env) {
    if (!fd_.valid()) return;
    const int events = !onMessage_.IsEmpty() ? UV_READABLE : !onClose_.IsEmpty() && !peerGone_ ? UV_DISCONNECT : 0;
    if (!poll_) {
      if (events == 0) return;
      poll_ = std::make_unique<Poll>(env, fd_.get(), [this](int) { ready(); });
      if (!keepsAlive_) poll_->unref();
      Ref();
    }
    poll_->watch(events);
  }

  void ready() {
    const Napi::HandleScope scope(Env());
    // The handlers may drop the last reference to this object.
    const Napi::ObjectReference self = Napi::Persistent(Value());
    try {
      guarded(Env(), [&] { onMessage_.IsEmpty() ? peerLeft() : drain(); });
    } catch (const Napi::Error& error) {
      finish(error.Value());
    }
  }

  void drain() {
    lx::socket::Message message;
    for (int count = 0; count < kBurst && fd_.valid() && !onMessage_.IsEmpty(); ++count) {
      const Receipt receipt = lx::socket::receive(fd_.get(), message);
      if (receipt == Receipt::empty) return;
      if (receipt == Receipt::closed) return finish(Env().Null());
      deliver(message);
    }
  }

  void deliver(lx::socket::Message& message) {
    const Napi::HandleScope scope(Env());
    Napi::Array fds = Napi::Array::New(Env(), message.fds.size());
    for (uint32_t i = 0; i < message.fds.size(); ++i) fds.Set(i, message.fds[i].release());
    const auto data = Napi::Buffer<std::byte>::Copy(Env(), message.data.data(), message.data.size());
    call(onMessage_.Value(), {data, fds});
  }

  /// A hang-up while nobody takes messages: the ones that wait are kept for a later onMessage.
  void peerLeft() {
    if (lx::socket::hasEnded(fd_.get())) return finish(Env().Null());
    peerGone_ = true;
    poll_->watch(0);
  }

  void finish(const Napi::Value& reason) {
    const Napi::HandleScope scope(Env());
    const bool told = onClose_.IsEmpty();
    const Napi::Function handler = told ? Napi::Function() : onClose_.Value();
    shut();
    if (!told) call(handler, {reason});
  }

  void call(const Napi::Function& handler, const std::vector<napi_value>& arguments) {
    try {
      handler.MakeCallback(Value(), arguments, context_);
    } catch (const Napi::Error& error) {
      reportUncaught(error);
    }
  }

  void shut() {
    const bool polled = poll_ != nullptr;
    poll_.reset();
    fd_.reset();
    onMessage_.Reset();
    onClose_.Reset();
    if (polled) Unref();
  }

  UniqueFd fd_;
  Napi::AsyncContext context_;
  Napi::FunctionReference onMessage_;
  Napi::FunctionReference onClose_;
  std::unique_ptr<Poll> poll_;
  bool keepsAlive_ = true;
  bool peerGone_ = false;
};

/// Lives until JavaScript closes it; the loop's handle keeps it until then.
class Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(Napi::Env env, UniqueFd fd, Napi::Function onAccept)
      : env_(env), fd_(std::move(fd)), context_(env, "Channel.listen"), onAccept_(Napi::Persistent(onAccept)) {}

  void start() {
    spare_ = LX_SYS_FD(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    poll_ = std::make_unique<Poll>(env_, fd_.get(), [self = shared_from_this()](int) { self->acceptAll(); });
    poll_->watch(UV_READABLE);
  }
  void close() {
    poll_.reset();
    fd_.reset();
    onAccept_.Reset();
  }

 private:
  void acceptAll() {
    const auto self = shared_from_this();
    const Napi::HandleScope scope(env_);
    try {
      guarded(env_, [&] {
        while (fd_.valid()) {
          UniqueFd connection = acceptOne();
          if (!connection.valid()) return;
          onAccept_.Value().MakeCallback(env_.Global(), {Channel::make(env_, std::move(connection))}, context_);
        }
      });
    } catch (const Napi::Error& error) {
      reportUncaught(error);
    }
  }

  /// Out of fds, a connection that waits would wake the loop for ever: it is taken with the spare one and dropped.
  UniqueFd acceptOne() {
    try {
      return lx::socket::accept(fd_.get(), Mode::nonblocking);
    } catch (const SysError& failure) {
      if (failure.number() != EMFILE && failure.number() != ENFILE) throw;
      spare_.reset();
      lx::socket::accept(fd_.get(), Mode::nonblocking).reset();
      spare_ = UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      return {};
    }
  }

  Napi::Env env_;
  UniqueFd fd_;
  UniqueFd spare_;
  Napi::AsyncContext context_;
  Napi::FunctionReference onAccept_;
  std::unique_ptr<Poll> poll_;
};

Napi::Value Channel::adopt(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const int number = intArg(info, 0, "fd");
    int type = 0;
    socklen_t size = sizeof type;
    LX_SYS(::getsockopt(number, SOL_SOCKET, SO_TYPE, &type, &size));
    if (type != SOCK_SEQPACKET) throw SysError("getsockopt", EPROTOTYPE, {}, "not a SOCK_SEQPACKET socket");
    LX_SYS(::fcntl(number, F_SETFL, O_NONBLOCK));
    LX_SYS(::fcntl(number, F_SETFD, FD_CLOEXEC));
    lx::socket::widen(number);
    return make(info.Env(), UniqueFd(number));
  });
}

Napi::Value Channel::listen(const Napi::CallbackInfo& info) {
  return guarded(info.Env(), [&] {
    const Napi::Function onAccept = functionArg(info, 1, "onAccept");
    const auto listener = std::make_shared<Listener>(info.Env(), lx::socket::listen(stringArg(info, 0, "path"), Mode::nonblocking), onAccept);
    listener->start();
    Napi::Object result = Napi::Object::New(info.Env());
    result.Set("close", Napi::Function::New(info.Env(), [listener](const Napi::CallbackInfo&) { listener->close(); }, "close"));
    return result;
  });
}

}  // namespace

void registerChannel(Napi::Object exports, AddonData& data) {
  const Napi::Function channel = Channel::define(exports.Env());
  data.channel = Napi::Persistent(channel);
  exports.Set("Channel", channel);
}

}  // namespace lx::rim
