#include <sched.h>

#include <cerrno>

#include "keeper/report.h"
#include "keeper/service.h"
#include "keeper/wire.h"

// Proxies of the container, which stay until it ends or they are taken away, whoever asked for them.
namespace lx::keeper {

void Service::startProxy(Connection& connection, uint32_t seq, Reader& in) {
  ProxyPlan proxy;
  readProxy(in, proxy);
  if (!in.finished() || (plan_.namespaces & CLONE_NEWNET) == 0) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  proxies_.start(std::move(proxy));
  connection.send(Writer(Type::done, seq));
}

void Service::endProxy(Connection& connection, uint32_t seq, Reader& in) {
  const char* name = in.text();
  if (!in.finished()) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  proxies_.stop(name);
  connection.send(Writer(Type::done, seq));
}

}  // namespace lx::keeper
