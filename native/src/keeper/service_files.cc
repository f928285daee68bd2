#include <cerrno>

#include "keeper/report.h"
#include "keeper/service.h"

// Servers of the container's files, each for the connection that asked for it.
namespace lx::keeper {

void Service::startFiles(Connection& connection, uint32_t seq) {
  uint32_t id = 0;
  const UniqueFd client = files_.start(connection.serial, id);
  connection.send(Writer(Type::filesOpen, seq).u32(id), {client.get()});
}

void Service::endFiles(Connection& connection, uint32_t seq, Reader& in) {
  const uint32_t id = in.u32();
  if (!in.finished()) return connection.sendFailure(seq, {"request", "decode", EINVAL, ""});
  files_.kill(id);
  connection.send(Writer(Type::done, seq));
}

void Service::dropGone() {
  for (const auto& connection : connections_) {
    if (!connection.fd.valid()) files_.drop(connection.serial);
  }
  std::erase_if(connections_, [](const Connection& connection) { return !connection.fd.valid(); });
}

}  // namespace lx::keeper
