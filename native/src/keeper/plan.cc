#include "keeper/plan.h"

#include <linux/filter.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <array>
#include <cstring>
#include <utility>

#include "keeper/links/links.h"
#include "keeper/wire.h"

namespace lx::keeper {

namespace {

// Bits on the wire, in the order of protocol.ts.
constexpr std::array<uint64_t, 8> kNamespaces{CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,    CLONE_NEWNET,
                                              CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP, 0x80 /* CLONE_NEWTIME */};
/// No attribute of the kernel's: the mount hears of those that are made below its source on the host.
constexpr uint64_t kSlave = 1ULL << 63;
constexpr std::array<uint64_t, 7> kMountFlags{MOUNT_ATTR_RDONLY,   MOUNT_ATTR_NOSUID,      MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC,
                                              MOUNT_ATTR_RELATIME, MOUNT_ATTR_STRICTATIME, kSlave};

struct Resource {
  std::string_view name;
  int number;
};
constexpr std::array<Resource, 16> kResources{{{"as", RLIMIT_AS},
                                               {"core", RLIMIT_CORE},
                                               {"cpu", RLIMIT_CPU},
                                               {"data", RLIMIT_DATA},
                                               {"fsize", RLIMIT_FSIZE},
                                               {"locks", RLIMIT_LOCKS},
                                               {"memlock", RLIMIT_MEMLOCK},
                                               {"msgqueue", RLIMIT_MSGQUEUE},
                                               {"nice", RLIMIT_NICE},
                                               {"nofile", RLIMIT_NOFILE},
                                               {"nproc", RLIMIT_NPROC},
                                               {"rss", RLIMIT_RSS},
                                               {"rtprio", RLIMIT_RTPRIO},
                                               {"rttime", RLIMIT_RTTIME},
                                               {"sigpending", RLIMIT_SIGPENDING},
                                               {"stack", RLIMIT_STACK}}};

template <size_t Size>
uint64_t bits(Reader& in, const std::array<uint64_t, Size>& table) {
  const uint32_t wire = in.u32();
  if ((wire >> Size) != 0) in.refuse();
  uint64_t result = 0;
  for (size_t i = 0; i < Size; ++i) {
    if ((wire & (1U << i)) != 0) result |= table[i];
  }
  return result;
}

/// Least sizes of an element on the wire: an empty text is five bytes.
constexpr size_t kText = 5;

std::vector<const char*> texts(Reader& in) {
  std::vector<const char*> list(in.count(kText));
  for (auto& text : list) text = in.text();
  return list;
}

const char* absolute(Reader& in) {
  const char* path = in.text();
  if (path[0] != '/') in.refuse();
  return path;
}

std::vector<IdRange> ranges(Reader& in) {
  std::vector<IdRange> list(in.count(12));
  for (auto& range : list) range = {in.u32(), in.u32(), in.u32()};
  return list;
}

void readCgroups(Reader& in, Cgroups& cgroups) {
  cgroups.create.resize(in.count(kText + 1));
  for (auto& directory : cgroups.create) directory = {absolute(in), in.flag()};
  cgroups.write.resize(in.count(2 * kText));
  for (auto& value : cgroups.write) value = {absolute(in), in.text()};
  cgroups.cloneInto = in.optionalText();
  cgroups.join = texts(in);
  cgroups.remove = texts(in);
}

void readRoot(Reader& in, RootPlan& root) {
  const uint8_t kind = in.u8();
  if (kind > 1) in.refuse();
  root.kind = static_cast<RootPlan::Kind>(kind);
  root.lower.resize(in.count(4));
  for (auto& layer : root.lower) layer = in.u32();
  root.upper = in.u32();
  if (root.lower.empty() || (root.kind == RootPlan::Kind::bind && root.lower.size() != 1)) in.refuse();
}

void readMount(Reader& in, MountStep& step) {
  step = {};
  const uint8_t op = in.u8();
  if (op > 5) in.refuse();
  step.op = static_cast<MountStep::Op>(op);
  step.target = absolute(in);
  switch (step.op) {
    case MountStep::Op::fs:
      step.fstype = in.text();
      step.source = in.text();
      step.data = in.text();
      step.early = in.flag();
      step.attributes = bits(in, kMountFlags);
      break;
    case MountStep::Op::layer: {
      step.layer = in.u32();
      const uint8_t create = in.u8();
      if (create > 2) in.refuse();
      step.create = static_cast<MountStep::Create>(create);
      step.attributes = bits(in, kMountFlags);
      break;
    }
    case MountStep::Op::mkdir: step.mode = in.u32() & 07777; break;
    case MountStep::Op::symlink: step.to = in.text(); break;
    case MountStep::Op::console: break;
    case MountStep::Op::file: {
      const auto content = in.blob();
      step.content = content.data();
      step.contentSize = content.size();
      step.mode = in.u32() & 0777;
      step.createOnly = in.flag();
      step.once = in.flag();
      break;
    }
  }
}

void readLayer(Reader& in, Layer& layer) {
  layer = {absolute(in), in.flag(), in.flag(), in.flag(), in.flag(), in.flag(), std::nullopt, 0, false};
  if (in.flag()) layer.node = {in.flag(), in.u32(), in.u32(), in.u32() & 07777, in.u32(), in.u32()};
}

void readRlimits(Reader& in, std::vector<Rlimit>& rlimits) {
  rlimits.resize(in.count(kText + 16));
  for (auto& limit : rlimits) {
    limit = {in.text(), -1, in.u64(), in.u64()};
    for (const auto& resource : kResources) {
      if (resource.name == limit.name) limit.resource = resource.number;
    }
    if (limit.resource < 0) in.refuse();
  }
}

void readFilter(Reader& in, Plan& plan) {
  plan.dropCapabilities.resize(in.count(4));
  for (auto& capability : plan.dropCapabilities) capability = in.u32();
  const auto filter = in.blob();
  plan.seccomp = filter.data();
  plan.seccompSize = filter.size();
}

void readIdentity(Reader& in, Plan& plan) {
  plan.id = in.text();
  plan.name = in.text();
  plan.runDir = absolute(in);
  plan.namespaces = bits(in, kNamespaces);
  plan.uids = ranges(in);
  plan.gids = ranges(in);
}

void readLayers(Reader& in, Plan& plan) {
  plan.layers.resize(in.count(kText + 6));
  for (auto& layer : plan.layers) readLayer(in, layer);
}

void readAll(Reader& in, Plan& plan) {
  readIdentity(in, plan);
  readCgroups(in, plan.cgroups);
  readLayers(in, plan);
  readLinks(in, plan.links);
  readRoot(in, plan.root);
  plan.mounts.resize(in.count(kText + 1));
  for (auto& step : plan.mounts) readMount(in, step);
  plan.hostname = in.text();
  readRlimits(in, plan.rlimits);
  plan.sysctls.resize(in.count(2 * kText));
  for (auto& sysctl : plan.sysctls) sysctl = {in.text(), in.text()};
  readFilter(in, plan);
  plan.init.argv = texts(in);
  plan.init.env = texts(in);
  plan.init.cwd = absolute(in);
  plan.init.uid = in.u32();
  plan.init.gid = in.u32();
  plan.console = {in.u32(), in.u16(), in.u16(), absolute(in)};
}

void readRoom(Reader& in, Plan& plan) {
  readIdentity(in, plan);
  plan.cgroups = {};
  readLayers(in, plan);
  readRoot(in, plan.root);
  readFilter(in, plan);
  plan.hostname = "";
  plan.init = {{}, {}, "/", 0, 0};
  plan.console = {0, 0, 0, ""};
}

/// The id becomes part of file names that root makes.
bool plainId(std::string_view id) {
  if (id.empty() || id.size() > 64) return false;
  for (const char c : id) {
    if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-')) return false;
  }
  return true;
}

/// A detached mount can be put in one place only, so each layer serves once.
class LayerUse {
 public:
  explicit LayerUse(size_t layers) : used_(layers, false) {}
  bool take(uint32_t layer) {
    if (layer >= used_.size() || used_[layer]) return false;
    used_[layer] = true;
    return true;
  }

 private:
  std::vector<bool> used_;
};

void lock(const Plan& plan, Layer& layer, const MountStep& step) {
  layer.attributes |= step.attributes & ~kSlave;
  layer.slave = (step.attributes & kSlave) != 0;
  layer.locked = layer.attributes != 0 && (plan.namespaces & CLONE_NEWUSER) != 0;
}

bool useLayers(Plan& plan) {
  LayerUse use(plan.layers.size());
  for (const uint32_t layer : plan.root.lower) {
    if (!use.take(layer)) return false;
  }
  if (plan.root.kind == RootPlan::Kind::overlay && !use.take(plan.root.upper)) return false;
  for (auto& layer : plan.layers) layer.attributes = layer.readonly ? MOUNT_ATTR_RDONLY : 0;
  // Whatever the plan says: a device node that lies in a root, from an image or by the host's hand, opens for no guest. An
  // overlay that is mounted in a user namespace is so by itself, its layers are made so too.
  for (const uint32_t lower : plan.root.lower) plan.layers[lower].attributes |= MOUNT_ATTR_NODEV;
  if (plan.root.kind == RootPlan::Kind::overlay) plan.layers[plan.root.upper].attributes |= MOUNT_ATTR_NODEV;
  else plan.layers[plan.root.lower[0]].locked = (plan.namespaces & CLONE_NEWUSER) != 0;
  for (const auto& step : plan.mounts) {
    if (step.op != MountStep::Op::layer) continue;
    if (!use.take(step.layer)) return false;
    lock(plan, plan.layers[step.layer], step);
  }
  return true;
}

/// One console, after the devpts it takes its pty from.
bool consoleInOrder(const Plan& plan) {
  bool devpts = false;
  int consoles = 0;
  for (const auto& step : plan.mounts) {
    if (step.op == MountStep::Op::fs && std::string_view(step.fstype) == "devpts") devpts = true;
    if (step.op == MountStep::Op::console && (!devpts || ++consoles > 1)) return false;
  }
  return consoles == 1;
}

bool idsInOrder(const Plan& plan) {
  const bool user = (plan.namespaces & CLONE_NEWUSER) != 0;
  if (user != !plan.uids.empty() || user != !plan.gids.empty()) return false;
  for (const auto& layer : plan.layers) {
    if (layer.idmapped && !user) return false;
  }
  return true;
}

/// What is wrong with what containers and rooms have in common; empty when nothing is.
std::string_view problemOf(Plan& plan, uint64_t needed) {
  if (!plainId(plan.id)) return "id";
  if ((plan.namespaces & needed) != needed) return "namespaces";
  if (!idsInOrder(plan)) return "idMap";
  if (!useLayers(plan)) return "layers: missing, or used twice";
  if (plan.seccompSize % sizeof(sock_filter) != 0 || plan.seccompSize / sizeof(sock_filter) > BPF_MAXINSNS) return "seccomp";
  for (const uint32_t capability : plan.dropCapabilities) {
    if (capability > 63) return "dropCapabilities";
  }
  return {};
}

/// Empty when nothing is wrong.
template <typename Read>
std::string_view decode(std::vector<std::byte> message, Plan& plan, Read read) {
  plan.message = std::move(message);
  if (plan.message.size() < kHeaderSize + 4) return "truncated";
  Reader in(std::span<const std::byte>(plan.message).subspan(kHeaderSize));
  if (const uint32_t version = in.u32(); version < kOldestPlan || version > kProtocolVersion) return "protocol version";
  read(in, plan);
  return in.finished() ? std::string_view{} : "malformed";
}

std::string_view problemOfContainer(Plan& plan) {
  if (const auto problem = problemOf(plan, CLONE_NEWNS | CLONE_NEWPID); !problem.empty()) return problem;
  if (!plan.links.empty() && (plan.namespaces & CLONE_NEWNET) == 0) return "links without a net namespace";
  if (!consoleInOrder(plan)) return "console: one, after devpts";
  if (plan.init.argv.empty() || plan.init.argv[0][0] != '/') return "init.argv";
  if (plan.console.ringBytes < 4096 || plan.console.ringBytes > (16U << 20)) return "console.ringBytes";
  return {};
}

}  // namespace

bool decodePlan(std::vector<std::byte> message, Plan& plan, std::string_view& problem) {
  const auto found = decode(std::move(message), plan, readAll);
  const auto wrong = found.empty() ? problemOfContainer(plan) : found;
  if (!wrong.empty()) problem = wrong;
  return wrong.empty();
}

bool decodeRoom(std::vector<std::byte> message, Plan& plan, std::string_view& problem) {
  const auto found = decode(std::move(message), plan, readRoom);
  const auto wrong = found.empty() ? problemOf(plan, CLONE_NEWNS | CLONE_NEWUSER) : found;
  if (!wrong.empty()) problem = wrong;
  return wrong.empty();
}

void readDevice(Reader& in, const Plan& plan, Layer& layer, MountStep& step) {
  readLayer(in, layer);
  readMount(in, step);
  if (step.op != MountStep::Op::layer || (layer.idmapped && plan.uids.empty())) in.refuse();
  layer.attributes = layer.readonly ? MOUNT_ATTR_RDONLY : 0;
  lock(plan, layer, step);
}

uint32_t mapped(const std::vector<IdRange>& ranges, uint32_t inside) {
  for (const auto& range : ranges) {
    if (inside >= range.inside && inside - range.inside < range.count) return range.outside + (inside - range.inside);
  }
  return inside;
}

}  // namespace lx::keeper
