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
  /// "kill", "allow" or an errno name.
  std::string action;
  /// All must hold.
  std::vector<Condition> when;
};

struct Policy {
  std::string defaultAction;
  std::vector<Rule> rules;
};

/// The policy as an array of struct sock_filter, for every ABI this machine runs (x86_64: also i386 and x32). Unknown
/// names throw EINVAL with the name as subject.
std::string compile(const Policy& policy);

}  // namespace lx::seccomp
