#include "keeper/end_record.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "base/sys_error.h"
#include "keeper/run_files.h"

namespace lx::keeper {

namespace {

constexpr const char* kReasons[] = {"poweroff", "killed", "exited", "reboot-failed"};

std::string jsonText(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return quoted + "\"";
}

}  // namespace

void saveEndRecord(const Plan& plan, const EndRecord& record) {
  const std::string text = std::string("{\"id\":\"") + plan.id + "\",\"reason\":\"" + kReasons[static_cast<int>(record.reason)] +
                           "\",\"status\":" + std::to_string(record.status) + ",\"endedAt\":" + std::to_string(record.endedAt) +
                           ",\"detail\":" + jsonText(record.detail) + "}\n";
  const std::string path = runFile(plan, "end");
  const std::string fresh = path + ".new";
  try {
    const UniqueFd file = LX_SYS_FD(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), fresh);
    LX_SYS(::write(file.get(), text.data(), text.size()), fresh);
    LX_SYS(std::rename(fresh.c_str(), path.c_str()), path);
  } catch (const SysError& error) {
    std::fprintf(stderr, "%s: end record: %s\n", plan.id, error.what());
    // The disk may be full.
    ::unlink(fresh.c_str());
  }
}

}  // namespace lx::keeper
