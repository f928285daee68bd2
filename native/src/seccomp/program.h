#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lx::seccomp {

struct Condition {
  unsigned argument = 0;
  /// "eq", "ne", "lt", "le", "gt", "ge" or "masked".
  std::string comparison;
  uint64_t value = 0;
  /// Of "masked": (argument & mask) == value.
  uint64_t mask = 0;
};

struct Rule {
  std::string syscall;
  /// "kill", "allow", an errno name or an errno number ("0": nothing is done, and the call succeeds).
  std::string action;
  /// All must hold.
  std::vector<Condition> when;
};

struct Policy {
  std::string defaultAction;
  std::vector<Rule> rules;
  /// Calls of the machine's other ABIs (x86_64: i386 and x32) fail with ENOSYS, all of them.
  bool nativeOnly = false;
};

/// The policy as an array of struct sock_filter, for every ABI this machine runs (x86_64: also i386 and x32). Unknown
/// names throw EINVAL with the name as subject.
std::string compile(const Policy& policy);

/// Whether any ABI of any machine has a system call of this name.
bool isSystemCall(const std::string& name);

}  // namespace lx::seccomp
