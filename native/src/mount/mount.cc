#include "mount/mount.h"

#include <sys/mount.h>

#include "base/syscalls.h"
#include "base/sys_error.h"

namespace lx::mount {

namespace {

/// What a file system context says of its failure: lines that start with "e ", "w " or "i " (fsopen(2)).
std::string contextLog(int context) {
  std::string log;
  char line[512];
  for (ssize_t size = 0; (size = ::read(context, line, sizeof line)) > 0;) {
    std::string_view text(line, static_cast<size_t>(size));
    if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    if (!log.empty()) log.append("; ");
    log.append(text);
  }
  return log;
}

void configure(int context, unsigned command, const std::string& fstype, const char* key, const char* value) {
  if (::fsconfig(context, command, key, value, 0) == 0) return;
  const int number = errno;
  std::string detail = contextLog(context);
  if (detail.empty() && key != nullptr) detail = std::string("option ") + key;
  throw SysError("fsconfig", number, fstype, detail);
}

}  // namespace

UniqueFd openTree(const std::string& path, bool recursive) {
  const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0);
  return LX_SYS_FD(::open_tree(AT_FDCWD, path.c_str(), flags), path);
}

void setAttributes(int mount, const Attributes& attributes, bool recursive) {
  mount_attr request{};
  const auto choose = [&](const std::optional<bool>& wanted, uint64_t flag) {
    if (wanted) (*wanted ? request.attr_set : request.attr_clr) |= flag;
  };
  choose(attributes.readonly, MOUNT_ATTR_RDONLY);
  choose(attributes.nosuid, MOUNT_ATTR_NOSUID);
  choose(attributes.nodev, MOUNT_ATTR_NODEV);
  choose(attributes.noexec, MOUNT_ATTR_NOEXEC);
  choose(attributes.noatime, MOUNT_ATTR_NOATIME);
  choose(attributes.nodiratime, MOUNT_ATTR_NODIRATIME);
  // The kinds of access times are one field, which is cleared whole before one is chosen (mount_setattr(2)).
  if (attributes.noatime) request.attr_clr |= MOUNT_ATTR__ATIME;
  if (attributes.idmapUserns) {
    request.attr_set |= MOUNT_ATTR_IDMAP;
    request.userns_fd = static_cast<uint64_t>(*attributes.idmapUserns);
  }
  if (request.attr_set == 0 && request.attr_clr == 0) return;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
  LX_SYS(::mount_setattr(mount, "", flags, &request, sizeof request));
}

void moveMount(int mount, const std::string& target) {
  LX_SYS(::move_mount(mount, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH), target);
}

UniqueFd create(const std::string& fstype, const std::vector<Option>& options, const Attributes& attributes) {
  const UniqueFd context = LX_SYS_FD(::fsopen(fstype.c_str(), FSOPEN_CLOEXEC), fstype);
  for (const auto& [key, value] : options) {
    // The kernel's bare EINVAL for a value over 255 bytes would read like a wrong value.
    if (value && value->size() > 255) throw SysError("fsconfig", E2BIG, fstype, "option " + key + " is longer than 255 bytes");
    configure(context.get(), value ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, fstype, key.c_str(), value ? value->c_str() : nullptr);
  }
  configure(context.get(), FSCONFIG_CMD_CREATE, fstype, nullptr, nullptr);
  UniqueFd mount = LX_SYS_FD(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0), fstype);
  setAttributes(mount.get(), attributes, false);
  return mount;
}

}  // namespace lx::mount
