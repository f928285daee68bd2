#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/sys_error.h"
#include "keeper/links/limits.h"
#include "keeper/report.h"
#include "keeper/run_files.h"
#include "keeper/service.h"
#include "socket/seqpacket.h"

// Devices that come to a running container and go. The plan follows, so that a reboot of the guest launches with what is there.
// One change of mounts is under way at a time, in the order in which they were asked for.
namespace lx::keeper {

namespace {

constexpr Failure malformed() { return {"request", "decode", EINVAL, ""}; }

auto findMount(std::vector<MountStep>& mounts, const char* target) {
  return std::find_if(mounts.begin(), mounts.end(), [&](const MountStep& step) {
    return step.op == MountStep::Op::layer && std::strcmp(step.target, target) == 0;
  });
}

}  // namespace

void Service::queueMount(Connection& connection, Type type, uint32_t seq, socket::Message& message) {
  MountChange change{};
  change.type = type;
  change.seq = seq;
  change.owner = connection.serial;
  change.message = std::move(message.data);
  Reader in(std::span<const std::byte>(change.message).subspan(kHeaderSize));
  if (type == Type::mount) {
    readDevice(in, plan_, change.layer, change.step);
  } else {
    change.step.target = in.text();
    change.remove = in.flag();
  }
  if (!in.finished() || change.step.target[0] != '/') return connection.sendFailure(seq, malformed());
  mounts_.push_back(std::move(change));
  if (mounts_.size() == 1) beginMounts();
}

/// Begins the first one; those that need nothing done are answered at once.
void Service::beginMounts() {
  while (!mounts_.empty()) {
    MountChange& change = mounts_.front();
    try {
      const auto known = findMount(plan_.mounts, change.step.target);
      if (change.type == Type::mount) {
        if (known != plan_.mounts.end()) throw Failure{"mount", "mount", EEXIST, change.step.target};
        change.live = spawnMount(plan_, instance_, change.layer, change.step);
        return;
      }
      if (known != plan_.mounts.end()) {
        change.live = spawnUnmount(plan_, instance_, change.step.target, instance_.shown.at(known->layer), change.remove);
        return;
      }
      answerMount(nullptr);
    } catch (const Failure& failure) {
      answerMount(&failure);
    }
  }
}

void Service::hearMount() {
  Report report{};
  int fds[4];
  const int got = receiveReport(mounts_.front().live.status.get(), report, fds);
  if (got < 0) return;
  const Failure ended{"mount", "alarm", ETIMEDOUT, mounts_.front().step.target};
  const Failure said{report.stage, report.call, report.number, report.path};
  const bool done = got == 1 && report.kind == Report::Kind::ready;
  if (done) notePlan(mounts_.front());
  answerMount(done ? nullptr : got == 1 ? &said : &ended);
  beginMounts();
}

void Service::answerMount(const Failure* failure) {
  removeNodeFiles(plan_);
  for (auto& connection : connections_) {
    if (connection.serial != mounts_.front().owner || !connection.fd.valid()) continue;
    if (failure == nullptr) connection.send(Writer(Type::done, mounts_.front().seq));
    else connection.sendFailure(mounts_.front().seq, *failure);
  }
  mounts_.pop_front();
}

void Service::notePlan(MountChange& change) {
  if (change.type == Type::unmount) {
    const auto known = findMount(plan_.mounts, change.step.target);
    if (known == plan_.mounts.end()) return;
    // Its layer keeps its number, and its place is no longer looked for.
    plan_.layers[known->layer].optional = true;
    plan_.layers[known->layer].gone = true;
    plan_.mounts.erase(known);
    return;
  }
  // What the texts point into.
  plan_.added.push_back(std::move(change.message));
  change.step.layer = static_cast<uint32_t>(plan_.layers.size());
  plan_.layers.push_back(change.layer);
  instance_.shown.push_back(change.live.shown);
  plan_.mounts.push_back(change.step);
}

/// When the container has ended: nothing is changed in it any more.
void Service::endMounts() {
  const Failure over{"ended", "mount", ESRCH, ""};
  if (!mounts_.empty()) ::syscall(SYS_pidfd_send_signal, mounts_.front().live.process.get(), SIGKILL, nullptr, 0);
  while (!mounts_.empty()) answerMount(&over);
}

void Service::plug(Connection& connection, uint32_t seq, socket::Message& message) {
  plan_.added.push_back(std::move(message.data));
  Reader in(std::span<const std::byte>(plan_.added.back()).subspan(kHeaderSize));
  LinkPlan& link = plan_.links.emplace_back();
  const auto forget = [&] {
    plan_.links.pop_back();
    plan_.added.pop_back();
  };
  readLink(in, link);
  const auto same = [&](const LinkPlan& other) { return &other != &link && std::strcmp(other.inside.name, link.inside.name) == 0; };
  const bool taken = in.finished() && std::any_of(plan_.links.begin(), plan_.links.end(), same);
  if (!in.finished() || (plan_.namespaces & CLONE_NEWNET) == 0 || taken) {
    const Failure exists{"links", "plug", EEXIST, taken ? link.inside.name : ""};
    forget();
    return connection.sendFailure(seq, taken ? exists : malformed());
  }
  try {
    // Before it is there: whoever clears up knows of it.
    keepLinks();
    addLink(link, instance_.init, instance_.links);
  } catch (const SysError& error) {
    forget();
    keepLinks();
    return connection.sendFailure(seq, {"links", error.call(), error.number(), error.subject()});
  }
  connection.send(Writer(Type::done, seq));
}

void Service::unplug(Connection& connection, uint32_t seq, Reader& in) {
  const char* name = in.text();
  if (!in.finished()) return connection.sendFailure(seq, malformed());
  const auto known = std::find_if(plan_.links.begin(), plan_.links.end(), [&](const LinkPlan& link) { return std::strcmp(link.inside.name, name) == 0; });
  if (known == plan_.links.end()) return connection.send(Writer(Type::done, seq));
  auto& list = instance_.links.list;
  const auto made = std::find_if(list.begin(), list.end(), [&](const MadeLink& link) { return link.plan == &*known; });
  if (made != list.end()) {
    MadeLinks one;
    one.list.push_back(*made);
    if (instance_.links.netns.valid()) one.netns = UniqueFd(LX_SYS(::fcntl(instance_.links.netns.get(), F_DUPFD_CLOEXEC, 10)));
    LinkRemoval removal;
    removal.begin(one);
    if (!removal.finish().empty()) return connection.sendFailure(seq, {"links", "unplug", EBUSY, name});
    list.erase(made);
  }
  plan_.links.erase(known);
  keepLinks();
  connection.send(Writer(Type::done, seq));
}

/// A reboot of the guest makes the link with them again.
void Service::limitLink(Connection& connection, uint32_t seq, Reader& in) {
  const char* name = in.text();
  const LinkLimits limits = readLimits(in);
  if (!in.finished()) return connection.sendFailure(seq, malformed());
  const auto known = std::find_if(plan_.links.begin(), plan_.links.end(), [&](const LinkPlan& link) { return std::strcmp(link.inside.name, name) == 0; });
  const char* hostEnd = known == plan_.links.end() ? nullptr : hostEndOf(known->kind);
  if (hostEnd == nullptr) return connection.sendFailure(seq, {"links", "limit", ENODEV, name});
  try {
    netlink::Socket host = netlink::Socket::open();
    limit(host, hostEnd, limits);
  } catch (const SysError& error) {
    return connection.sendFailure(seq, {"links", error.call(), error.number(), error.subject()});
  }
  known->limits = limits;
  connection.send(Writer(Type::done, seq));
}

void Service::keepLinks() {
  linksChanged_ = true;
  saveLinks(plan_);
}

}  // namespace lx::keeper
