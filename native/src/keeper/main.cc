#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/sys_error.h"
#include "keeper/nursery.h"
#include "keeper/plan.h"
#include "keeper/protocol.h"
#include "keeper/title.h"

namespace {

bool readExactly(void* to, size_t size) {
  auto* at = static_cast<char*>(to);
  for (size_t done = 0; done < size;) {
    const ssize_t got = ::read(0, at + done, size - done);
    if (got <= 0) return false;
    done += static_cast<size_t>(got);
  }
  return true;
}

bool isRoom(const std::vector<std::byte>& message) {
  return message.size() >= lx::keeper::kHeaderSize && message[0] == static_cast<std::byte>(lx::keeper::Type::room);
}

/// Reads LAUNCH and ROOM messages, each after its length, and says what is wrong with each. Launches nothing.
int checkPlans() {
  uint32_t size = 0;
  while (readExactly(&size, sizeof size)) {
    std::vector<std::byte> message(size);
    if (!readExactly(message.data(), size)) return 1;
    lx::keeper::Plan plan;
    std::string_view problem = "ok";
    const auto decode = isRoom(message) ? lx::keeper::decodeRoom : lx::keeper::decodePlan;
    decode(std::move(message), plan, problem);
    std::puts(problem.data());
  }
  return 0;
}

int usage() {
  std::fputs("usage: lxctl-keeper nursery RUNDIR   start the nursery of RUNDIR, unless one runs\n"
             "       lxctl-keeper check            say what is wrong with the plans on stdin\n"
             "       lxctl-keeper version          print the version of the protocol\n",
             stderr);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::strcmp(argv[1], "nursery") == 0 && argv[2][0] == '/') {
    const std::string runDir = argv[2];
    lx::keeper::claimTitle(argc, argv);
    try {
      return lx::keeper::startNursery(runDir);
    } catch (const lx::SysError& error) {
      std::fprintf(stderr, "lxctl-keeper: %s\n", error.what());
      return 1;
    }
  }
  if (argc == 2 && std::strcmp(argv[1], "check") == 0) return checkPlans();
  if (argc == 2 && std::strcmp(argv[1], "version") == 0) return std::printf("%u\n", lx::keeper::kProtocolVersion) < 0 ? 1 : 0;
  return usage();
}
