#include "keeper/links/links.h"

#include <fcntl.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/sys_error.h"
#include "base/syscalls.h"
#include "keeper/links/limits.h"
#include "keeper/plan.h"
#include "keeper/wire.h"

namespace lx::keeper {

namespace {

constexpr int kAttempts = 20'000;
constexpr timespec kPause{0, 100'000};
/// name, flags of mac and mtu, the kind's code and its first text.
constexpr size_t kLeast = 13;
/// Of the code of a kind: limits follow.
constexpr uint8_t kLimited = 0x80;
/// The same: of a cable to a bridge.
constexpr uint8_t kIsolated = 0x40;

template <size_t Code = 0>
bool readKind(Reader& in, uint8_t code, LinkKind& kind) {
  if constexpr (Code == std::variant_size_v<LinkKind>) {
    return false;
  } else {
    if (code != Code) return readKind<Code + 1>(in, code, kind);
    read(in, kind.emplace<Code>());
    return true;
  }
}

UniqueFd namespaceOf(const std::string& process) {
  const std::string path = "/proc/" + process + "/ns/net";
  return LX_SYS_FD(::open(path.c_str(), O_RDONLY | O_CLOEXEC), path);
}

/// ENODEV: gone with the network namespace. Whatever else it is, `finish` sees the link stay.
void unmakeQuietly(const MadeLink& link, LinkSite& site) {
  // As long as the cable is there, nobody else has its name, from which that of what limits it follows.
  try {
    if (const char* hostEnd = hostEndOf(link.plan->kind); hostEnd != nullptr) dropLimits(site.host(), hostEnd);
  } catch (const SysError&) {
  }
  try {
    std::visit([&](const auto& kind) { unmake(kind, site, link); }, link.plan->kind);
  } catch (const SysError&) {
  }
}

/// Nothing is left of one that cannot be made.
MadeLink makeOne(const LinkPlan& link, LinkSite& site) {
  MadeLink one;
  one.plan = &link;
  std::visit([&](const auto& kind) { make(kind, link.inside, site, one); }, link.kind);
  if (!link.limits.any()) return one;
  try {
    limit(site.host(), hostEndOf(link.kind), link.limits);
  } catch (const SysError&) {
    unmakeQuietly(one, site);
    throw;
  }
  return one;
}

[[noreturn]] void unmakeAll(const MadeLinks& made) {
  // It outlives the keeper by some milliseconds and must hold up nothing.
  int inside = made.netns.get();
  if (inside >= 0 && inside != 3) inside = ::dup2(inside, 3);
  ::syscall(SYS_close_range, inside < 0 ? 3U : 4U, ~0U, 0U);
  LinkSite site = LinkSite::held(inside);
  for (const auto& link : made.list) unmakeQuietly(link, site);
  ::_exit(0);
}

bool isGone(const MadeLink& link, LinkSite& site) {
  try {
    const bool limited = link.plan->limits.out > 0;
    return std::visit([&](const auto& kind) { return gone(kind, site, link); }, link.plan->kind) &&
           (!limited || limitsGone(hostEndOf(link.plan->kind)));
  } catch (const SysError&) {
    return false;
  }
}

}  // namespace

netlink::Socket& LinkSite::host() {
  if (!host_) host_ = netlink::Socket::open();
  return *host_;
}

netlink::Socket& LinkSite::inside() {
  if (inside_) return *inside_;
  if (namespace_ < 0) {
    held_ = namespaceOf(std::to_string(child_));
    namespace_ = held_.get();
  }
  home_ = namespaceOf("self");
  LX_SYS(::setns(namespace_, CLONE_NEWNET), "net");
  // Into a namespace that we came from: nothing in it can refuse.
  try {
    inside_ = netlink::Socket::open();
  } catch (const SysError&) {
    if (::setns(home_.get(), CLONE_NEWNET) < 0) ::_exit(1);
    throw;
  }
  if (::setns(home_.get(), CLONE_NEWNET) < 0) ::_exit(1);
  return *inside_;
}

void readLink(Reader& in, LinkPlan& link) {
  const std::byte* start = in.here();
  const uint8_t code = in.u8();
  link.inside = {in.text(), in.optionalText(), std::nullopt};
  if (in.flag()) link.inside.mtu = in.u32();
  if ((code & kLimited) != 0) link.limits = readLimits(in);
  if (!readKind(in, code & ~(kLimited | kIsolated), link.kind)) in.refuse();
  if ((code & kIsolated) != 0) {
    auto* cable = std::get_if<VethLink>(&link.kind);
    if (cable == nullptr || cable->bridge == nullptr) in.refuse();
    else cable->isolated = true;
  }
  if (link.limits.any() && hostEndOf(link.kind) == nullptr) in.refuse();
  link.wire = {start, in.here()};
}

LinkLimits readLimits(Reader& in) {
  LinkLimits limits;
  limits.in = in.u64();
  limits.out = in.u64();
  return limits;
}

void readLinks(Reader& in, std::list<LinkPlan>& links) {
  links.resize(in.count(kLeast));
  for (auto& link : links) readLink(in, link);
}

void makeLinks(const Plan& plan, pid_t child, MadeLinks& made) {
  if (plan.links.empty()) return;
  LinkSite site = LinkSite::of(child);
  made.list.reserve(plan.links.size());
  try {
    for (const auto& link : plan.links) made.list.push_back(makeOne(link, site));
  } catch (const SysError&) {
    made.netns = site.takeNamespace();
    throw;
  }
  made.netns = site.takeNamespace();
}

void addLink(const LinkPlan& link, pid_t child, MadeLinks& made) {
  LinkSite site = LinkSite::of(child);
  MadeLink one = makeOne(link, site);
  try {
    netlink::LinkChange up;
    up.up = true;
    netlink::setLink(site.inside(), link.inside.name, up);
  } catch (const SysError& error) {
    // ENODEV: the guest was quicker and gave it another name.
    if (error.number() != ENODEV) {
      unmakeQuietly(one, site);
      throw;
    }
  }
  if (UniqueFd held = site.takeNamespace(); held.valid() && !made.netns.valid()) made.netns = std::move(held);
  made.list.push_back(std::move(one));
}

MadeLinks plannedLinks(const Plan& plan) {
  MadeLinks made;
  for (const auto& link : plan.links) {
    made.list.emplace_back().plan = &link;
    // Its guard gives it back; that is waited for.
    if (std::holds_alternative<PhysicalLink>(link.kind)) made.list.back().index = -1;
  }
  return made;
}

void LinkRemoval::begin(const MadeLinks& made) {
  if (made.list.empty() || made_ != nullptr) return;
  made_ = &made;
  // Without an exit signal: it ends on its own and nobody has to know (Service::reapChildren takes it off the process table).
  clone_args args{};
  const pid_t pid = lx::clone3(args);
  if (pid == 0) unmakeAll(made);
}

std::string LinkRemoval::finish() {
  if (made_ == nullptr) return {};
  std::vector<const MadeLink*> left;
  for (const auto& link : made_->list) left.push_back(&link);
  LinkSite site = LinkSite::held(made_->netns.get());
  for (int i = 0; i < kAttempts && !left.empty(); ++i) {
    std::erase_if(left, [&](const MadeLink* link) { return isGone(*link, site); });
    if (!left.empty()) ::nanosleep(&kPause, nullptr);
  }
  made_ = nullptr;
  std::string problems;
  for (const MadeLink* link : left) problems.append("link ").append(link->plan->inside.name).append(" stays; ");
  return problems;
}

}  // namespace lx::keeper
