#include <fcntl.h>
#include <sys/mount.h>

#include <exception>
#include <thread>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "mount/mount.h"

namespace lx::mount {

namespace {

const Attributes kToRead{.readonly = true, .nosuid = true, .nodev = true, .noexec = true, .noatime = std::nullopt, .nodiratime = std::nullopt, .idmapUserns = std::nullopt};

/// `lowerdir` holds 255 bytes, so the layers are named by their descriptors' numbers, from where these are names. The working
/// directory must be this thread's alone.
UniqueFd overlay(const std::vector<std::string>& layers) {
  std::vector<UniqueFd> held;
  std::string lower;
  for (const std::string& layer : layers) {
    held.push_back(LX_SYS_FD(::open(layer.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), layer));
    lower += (lower.empty() ? "" : ":") + std::to_string(held.back().get());
  }
  LX_SYS(::unshare(CLONE_FS));
  LX_SYS(::chdir("/proc/self/fd"), "/proc/self/fd");
  // Containers see the layers so; without upper the mount takes no writes.
  return create("overlay", {{"userxattr", std::nullopt}, {"lowerdir", lower}}, kToRead);
}

/// On a thread that ends with the work: no other one of a pool should find its working directory elsewhere.
UniqueFd onThreadOfItsOwn(const std::vector<std::string>& layers) {
  UniqueFd made;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      made = overlay(layers);
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return made;
}

}  // namespace

UniqueFd merged(const std::vector<std::string>& layers) {
  if (layers.size() != 1) return onThreadOfItsOwn(layers);
  const UniqueFd directory = LX_SYS_FD(::open(layers[0].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), layers[0]);
  UniqueFd tree = LX_SYS_FD(::open_tree(directory.get(), "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC), layers[0]);
  setAttributes(tree.get(), kToRead, false);
  return tree;
}

}  // namespace lx::mount
