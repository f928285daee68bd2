// RouteSocket: rtnetlink for JavaScript.
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "napi/addon.h"
#include "napi/rim.h"
#include "netlink/addresses.h"
#include "netlink/links.h"
#include "netlink/routes.h"

namespace lx::rim {

namespace {

using netlink::Link;
using netlink::LinkAddress;
using netlink::Route;

/// A dump that changed under way is asked for again.
constexpr int kDumpAttempts = 10;
/// A snapshot is of a network namespace whose root may make any number of either.
constexpr size_t kMostLinks = 1024;
constexpr size_t kMostAddresses = 4096;

template <typename List>
auto untilSteady(List list) -> decltype(list()) {
  for (int attempt = 1;; ++attempt) {
    try {
      return list();
    } catch (const SysError& failure) {
      if (failure.number() != EAGAIN || attempt == kDumpAttempts) throw;
    }
  }
}

Napi::Object countersToJs(Napi::Env env, const netlink::LinkCounters& counters) {
  Napi::Object object = Napi::Object::New(env);
  const auto set = [&](const char* key, uint64_t value) { object.Set(key, static_cast<double>(value)); };
  set("rxBytes", counters.rxBytes);
  set("txBytes", counters.txBytes);
  set("rxPackets", counters.rxPackets);
  set("txPackets", counters.txPackets);
  set("rxErrors", counters.rxErrors);
  set("txErrors", counters.txErrors);
  set("rxDropped", counters.rxDropped);
  set("txDropped", counters.txDropped);
  return object;
}

Napi::Value toJs(Napi::Env env, const Link& link) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", link.index);
  object.Set("name", link.name);
  object.Set("kind", link.kind);
  object.Set("hardwareType", static_cast<uint32_t>(link.hardwareType));
  object.Set("up", Napi::Boolean::New(env, link.up));
  object.Set("running", Napi::Boolean::New(env, link.running));
  object.Set("mtu", link.mtu);
  object.Set("mac", link.mac);
  object.Set("master", link.master);
  object.Set("peerIndex", link.peerIndex);
  object.Set("counters", countersToJs(env, link.counters));
  return object;
}

const char* familyName(uint8_t family) { return family == AF_INET ? "inet" : "inet6"; }

const char* scopeName(uint8_t scope) {
  switch (scope) {
    case RT_SCOPE_UNIVERSE: return "global";
    case RT_SCOPE_SITE: return "site";
    case RT_SCOPE_LINK: return "link";
    default: return "local";
  }
}

Napi::Value toJs(Napi::Env env, const LinkAddress& address) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("index", address.index);
  object.Set("family", familyName(address.family));
  object.Set("address", address.address);
  object.Set("prefix", static_cast<uint32_t>(address.prefix));
  object.Set("scope", scopeName(address.scope));
  return object;
}

Napi::Value toJs(Napi::Env env, const Route& route) {
  Napi::Object object = Napi::Object::New(env);
  object.Set("family", familyName(route.family));
  object.Set("destination", route.destination);
  if (route.gateway) object.Set("gateway", *route.gateway);
  else object.Set("gateway", env.Null());
  object.Set("index", route.index);
  return object;
}

template <typename Item>
Napi::Array listToJs(Napi::Env env, const std::vector<Item>& items) {
  Napi::Array array = Napi::Array::New(env, items.size());
  for (uint32_t i = 0; i < items.size(); ++i) array.Set(i, toJs(env, items[i]));
  return array;
}

std::optional<netlink::Mac> macOf(const Napi::Object& object, const char* key) {
  const auto text = textOf(object, key);
  if (!text) return std::nullopt;
  return netlink::parseMac(*text);
}

std::optional<uint32_t> mtuOf(const Napi::Object& object) {
  const auto mtu = numberOf(object, "mtu");
  if (!mtu) return std::nullopt;
  if (*mtu < 0 || *mtu > 0x7fffffff) throw SysError("RTM_NEWLINK", EINVAL, std::to_string(*mtu), "mtu");
  return static_cast<uint32_t>(*mtu);
}

netlink::Veth vethOf(const std::string& name, const Napi::Object& options) {
  netlink::Veth veth;
  veth.name = name;
  veth.peer = requiredText(options, "peer");
  if (const auto pid = numberOf(options, "namespacePid")) veth.peerNamespacePid = static_cast<pid_t>(*pid);
  if (const auto fd = numberOf(options, "namespaceFd")) veth.peerNamespaceFd = static_cast<int>(*fd);
  veth.bridge = textOf(options, "bridge");
  veth.mac = macOf(options, "mac");
  veth.peerMac = macOf(options, "peerMac");
  veth.mtu = mtuOf(options);
  veth.up = flagOf(options, "up").value_or(false);
  return veth;
}

netlink::LinkChange changeOf(const Napi::Object& change) {
  netlink::LinkChange made;
  made.up = flagOf(change, "up");
  made.bridge = change.Get("bridge").IsNull() ? std::optional<std::string>("") : textOf(change, "bridge");
  made.isolated = flagOf(change, "isolated");
  made.mtu = mtuOf(change);
  made.mac = macOf(change, "mac");
  made.rename = textOf(change, "rename");
  return made;
}

netlink::RouteRequest routeOf(const Napi::Object& route) {
  return {.destination = requiredText(route, "destination"), .gateway = textOf(route, "gateway"), .link = textOf(route, "link")};
}

struct Snapshot {
  std::vector<Link> links;
  std::vector<LinkAddress> addresses;
};

class RouteSocket : public Napi::ObjectWrap<RouteSocket> {
 public:
  static void define(Napi::Object exports) {
    exports.Set("RouteSocket", DefineClass(exports.Env(), "RouteSocket",
        {method<&RouteSocket::links>("links"), method<&RouteSocket::addresses>("addresses"), method<&RouteSocket::routes>("routes"),
         method<&RouteSocket::snapshot>("snapshot"), method<&RouteSocket::createBridge>("createBridge"),
         method<&RouteSocket::createVeth>("createVeth"), method<&RouteSocket::setLink>("setLink"),
         method<&RouteSocket::deleteLink>("deleteLink"), method<&RouteSocket::addAddress>("addAddress"),
         method<&RouteSocket::deleteAddress>("deleteAddress"), method<&RouteSocket::addRoute>("addRoute"),
         method<&RouteSocket::deleteRoute>("deleteRoute"), method<&RouteSocket::close>("close")}));
  }

  explicit RouteSocket(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RouteSocket>(info) {
    socket_ = guarded(info.Env(), [&] {
      return std::make_shared<netlink::Socket>(info[0].IsUndefined() ? netlink::Socket::open() : netlink::Socket(UniqueFd(intArg(info, 0, "fd"))));
    });
  }

 private:
  using Method = Napi::Value (RouteSocket::*)(const Napi::CallbackInfo&);
  template <Method Body>
  Napi::Value call(const Napi::CallbackInfo& info) {
    return rejecting(info.Env(), [&] { return (this->*Body)(info); });
  }
  template <Method Body>
  static Napi::ClassPropertyDescriptor<RouteSocket> method(const char* name) {
    return InstanceMethod<&RouteSocket::call<Body>>(name);
  }

  /// The socket, shared with the jobs: `close` drops only this object's hold on it.
  std::shared_ptr<netlink::Socket> socket() const {
    if (!socket_) throw SysError("rtnetlink", EBADF, {}, "the socket is closed");
    return socket_;
  }
  Napi::Value run(Napi::Env env, std::function<void(netlink::Socket&)> work) {
    return promiseDone(env, [socket = socket(), work = std::move(work)] { work(*socket); }, sequence_);
  }
  template <typename Item>
  Napi::Value list(Napi::Env env, std::vector<Item> (*read)(netlink::Socket&)) {
    return promise<std::vector<Item>>(
        env, [socket = socket(), read] { return untilSteady([&] { return read(*socket); }); },
        [](Napi::Env target, std::vector<Item>& items) { return listToJs(target, items); }, sequence_);
  }

  Napi::Value links(const Napi::CallbackInfo& info) { return list<Link>(info.Env(), [](netlink::Socket& from) { return netlink::listLinks(from); }); }
  Napi::Value addresses(const Napi::CallbackInfo& info) { return list<LinkAddress>(info.Env(), [](netlink::Socket& from) { return netlink::listAddresses(from); }); }
  Napi::Value routes(const Napi::CallbackInfo& info) { return list(info.Env(), netlink::listRoutes); }

  Napi::Value snapshot(const Napi::CallbackInfo& info) {
    const auto work = [socket = socket()] {
      return Snapshot{.links = untilSteady([&] { return netlink::listLinks(*socket, kMostLinks); }),
                      .addresses = untilSteady([&] { return netlink::listAddresses(*socket, kMostAddresses); })};
    };
    return promise<Snapshot>(info.Env(), work, [](Napi::Env env, Snapshot& seen) {
      Napi::Object object = Napi::Object::New(env);
      object.Set("links", listToJs(env, seen.links));
      object.Set("addresses", listToJs(env, seen.addresses));
      return object;
    }, sequence_);
  }

  Napi::Value createBridge(const Napi::CallbackInfo& info) {
    const Napi::Object options = objectArg(info, 1, "options");
    return run(info.Env(), [bridge = netlink::Bridge{.name = stringArg(info, 0, "name"), .mac = macOf(options, "mac"), .mtu = mtuOf(options)}](
                               netlink::Socket& socket) { netlink::createBridge(socket, bridge); });
  }
  Napi::Value createVeth(const Napi::CallbackInfo& info) {
    return run(info.Env(), [veth = vethOf(stringArg(info, 0, "name"), objectArg(info, 1, "options"))](netlink::Socket& socket) {
      netlink::createVeth(socket, veth);
    });
  }
  Napi::Value setLink(const Napi::CallbackInfo& info) {
    return run(info.Env(), [name = stringArg(info, 0, "name"), change = changeOf(objectArg(info, 1, "change"))](netlink::Socket& socket) {
      netlink::setLink(socket, name, change);
    });
  }
  Napi::Value deleteLink(const Napi::CallbackInfo& info) {
    return run(info.Env(), [name = stringArg(info, 0, "name")](netlink::Socket& socket) { netlink::deleteLink(socket, name); });
  }
  Napi::Value addAddress(const Napi::CallbackInfo& info) {
    return run(info.Env(), [link = stringArg(info, 0, "link"), cidr = stringArg(info, 1, "cidr")](netlink::Socket& socket) {
      netlink::addAddress(socket, link, cidr);
    });
  }
  Napi::Value deleteAddress(const Napi::CallbackInfo& info) {
    return run(info.Env(), [link = stringArg(info, 0, "link"), cidr = stringArg(info, 1, "cidr")](netlink::Socket& socket) {
      netlink::deleteAddress(socket, link, cidr);
    });
  }
  Napi::Value addRoute(const Napi::CallbackInfo& info) {
    return run(info.Env(), [route = routeOf(objectArg(info, 0, "route"))](netlink::Socket& socket) { netlink::addRoute(socket, route); });
  }
  Napi::Value deleteRoute(const Napi::CallbackInfo& info) {
    return run(info.Env(), [route = routeOf(objectArg(info, 0, "route"))](netlink::Socket& socket) { netlink::deleteRoute(socket, route); });
  }
  Napi::Value close(const Napi::CallbackInfo& info) {
    socket_.reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<netlink::Socket> socket_;
  std::shared_ptr<Sequence> sequence_ = std::make_shared<Sequence>();
};

}  // namespace

void registerRouteSocket(Napi::Object exports) { RouteSocket::define(exports); }

}  // namespace lx::rim
