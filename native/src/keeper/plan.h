#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string_view>
#include <vector>

#include "keeper/links/plan.h"

namespace lx::keeper {

// The launch plan as libs/host/src/launch-plan.ts describes it. Texts point into the message that the plan was read
// from and that it keeps: a plan is used again at each reboot of the guest, and after the clone nothing may allocate.

class Reader;

struct IdRange {
  uint32_t inside;
  uint32_t outside;
  uint32_t count;
};

struct Cgroups {
  struct Directory {
    const char* path;
    bool delegate;
  };
  struct Value {
    const char* path;
    const char* value;
  };
  std::vector<Directory> create;
  std::vector<Value> write;
  /// Null on a host without cgroup2.
  const char* cloneInto;
  std::vector<const char*> join;
  std::vector<const char*> remove;
};

/// A device node that is made for the layer; its ids are those inside.
struct Node {
  bool block;
  uint32_t major;
  uint32_t minor;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
};

struct Layer {
  const char* path;
  bool idmapped;
  bool readonly;
  bool optional;
  /// With what is mounted below it.
  bool recursive;
  /// No symbolic link in the path is followed.
  bool plain;
  /// In place of the path's own file.
  std::optional<Node> node;
  /// MOUNT_ATTR_ bits of the one mount that uses the layer.
  uint64_t attributes;
  /// The guest's root must not be able to take the attributes off again.
  bool locked;
  /// Mounts that come on the host below the path come here too; none goes the other way.
  bool slave = false;
  /// Its device has gone since: nothing is taken for it.
  bool gone = false;
};

/// What a mount shows: the file at its root.
struct Shown {
  uint64_t device;
  uint64_t file;
};

struct RootPlan {
  enum class Kind : uint8_t { overlay = 0, bind = 1 };
  Kind kind;
  /// Uppermost first; for `bind` the one layer.
  std::vector<uint32_t> lower;
  uint32_t upper;
};

struct MountStep {
  enum class Op : uint8_t { fs = 0, layer = 1, mkdir = 2, symlink = 3, console = 4, file = 5 };
  enum class Create : uint8_t { nothing = 0, file = 1, directory = 2 };
  Op op;
  const char* target;
  // fs
  const char* fstype;
  const char* source;
  const char* data;
  bool early;
  uint64_t attributes;
  // layer
  uint32_t layer;
  Create create;
  // mkdir, file
  uint32_t mode;
  // file
  const void* content;
  size_t contentSize;
  bool createOnly;
  /// Not again when the guest reboots.
  bool once;
  // symlink
  const char* to;
};

struct Rlimit {
  const char* name;
  int resource;
  uint64_t soft;
  uint64_t hard;
};

struct Sysctl {
  const char* key;
  const char* value;
};

struct Init {
  std::vector<const char*> argv;
  std::vector<const char*> env;
  const char* cwd;
  uint32_t uid;
  uint32_t gid;
};

struct ConsolePlan {
  uint32_t ringBytes;
  uint16_t columns;
  uint16_t rows;
  const char* logPath;
};

struct Plan {
  std::vector<std::byte> message;
  /// Messages that brought what was added since: a reboot of the guest launches with it.
  std::list<std::vector<std::byte>> added;

  const char* id;
  const char* name;
  const char* runDir;
  /// CLONE_NEW bits.
  uint64_t namespaces;
  std::vector<IdRange> uids;
  std::vector<IdRange> gids;
  Cgroups cgroups;
  std::vector<Layer> layers;
  /// Where they are does not change: what was made points at them.
  std::list<LinkPlan> links;
  RootPlan root;
  std::vector<MountStep> mounts;
  const char* hostname;
  std::vector<Rlimit> rlimits;
  std::vector<Sysctl> sysctls;
  std::vector<uint32_t> dropCapabilities;
  /// An array of struct sock_filter; empty: no filter.
  const void* seccomp;
  size_t seccompSize;
  Init init;
  ConsolePlan console;
};

/// Reads a LAUNCH message, header included. Says in `problem` why it is refused; then the plan must not be used.
bool decodePlan(std::vector<std::byte> message, Plan& plan, std::string_view& problem);

/// The same of a ROOM message: a root, and nothing that runs in it.
bool decodeRoom(std::vector<std::byte> message, Plan& plan, std::string_view& problem);

/// One mount of a layer, as a plan has it: of a device that comes while the container runs. The step's `layer` means nothing.
void readDevice(Reader& in, const Plan& plan, Layer& layer, MountStep& step);

/// The outside id of `inside`, or `inside` itself when no range holds it (no user namespace).
uint32_t mapped(const std::vector<IdRange>& ranges, uint32_t inside);

}  // namespace lx::keeper
