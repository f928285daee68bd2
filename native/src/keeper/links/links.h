#pragma once

#include <list>
#include <string>
#include <vector>

#include "keeper/links/kinds.h"

namespace lx::keeper {

struct Plan;

/// The links of a running container.
struct MadeLinks {
  std::vector<MadeLink> list;
  /// The container's network namespace, held where links have to be taken away in it; else not valid.
  UniqueFd netns;
};

void readLink(Reader& in, LinkPlan& link);
LinkLimits readLimits(Reader& in);
void readLinks(Reader& in, std::list<LinkPlan>& links);
/// Makes the plan's links in the network namespace of `child`. `made` holds those there are, also when it throws.
void makeLinks(const Plan& plan, pid_t child, MadeLinks& made);
/// Makes one more, and sets it up; the plan must stay where it is as long as the link is there.
void addLink(const LinkPlan& link, pid_t child, MadeLinks& made);
/// The links of a plan whose keeper was killed, as far as they are known by name; what lived inside the kernel has ended.
MadeLinks plannedLinks(const Plan& plan);

/// Takes links away. A link leaves the lists of the kernel within a millisecond, but the call that deletes it waits 15 to
/// 30 ms for grace periods; so a process of its own does that, and we wait for the links to go.
class LinkRemoval {
 public:
  /// At once, whether the container lives or not. `made` must stay until `finish`.
  void begin(const MadeLinks& made);
  /// Until the links are gone. Gives words about those that are not.
  std::string finish();

 private:
  const MadeLinks* made_ = nullptr;
};

}  // namespace lx::keeper
