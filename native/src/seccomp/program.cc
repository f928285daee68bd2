#include "seccomp/program.h"

#include <seccomp.h>
#include <sys/mman.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "base/read.h"
#include "base/sys_error.h"

namespace lx::seccomp {

namespace {

constexpr int kLastErrno = 133;  // EHWPOISON
constexpr unsigned kMostErrno = 4095;  // MAX_ERRNO
/// Above this many rules libseccomp's binary tree costs a syscall less than its list.
constexpr size_t kTreeThreshold = 32;

void check(int result, const char* call, const std::string& subject) {
  if (result < 0) throw SysError(call, -result, subject);
}

uint32_t actionOf(const std::string& name) {
  if (name == "allow") return SCMP_ACT_ALLOW;
  if (name == "kill") return SCMP_ACT_KILL_PROCESS;
  unsigned number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error == std::errc() && end == name.data() + name.size() && number <= kMostErrno) return SCMP_ACT_ERRNO(number);
  for (int number = 1; number <= kLastErrno; ++number) {
    const char* known = strerrorname_np(number);
    if (known != nullptr && name == known) return SCMP_ACT_ERRNO(static_cast<uint32_t>(number));
  }
  throw SysError("seccomp_rule_add", EINVAL, name, "unknown action");
}

scmp_arg_cmp comparisonOf(const Condition& condition) {
  scmp_arg_cmp made{};
  made.arg = condition.argument;
  made.datum_a = condition.value;
  const std::string& name = condition.comparison;
  if (name == "eq") made.op = SCMP_CMP_EQ;
  else if (name == "ne") made.op = SCMP_CMP_NE;
  else if (name == "lt") made.op = SCMP_CMP_LT;
  else if (name == "le") made.op = SCMP_CMP_LE;
  else if (name == "gt") made.op = SCMP_CMP_GT;
  else if (name == "ge") made.op = SCMP_CMP_GE;
  else if (name == "masked") {
    made.op = SCMP_CMP_MASKED_EQ;
    made.datum_a = condition.mask;
    made.datum_b = condition.value;
  } else {
    throw SysError("seccomp_rule_add", EINVAL, name, "unknown comparison");
  }
  if (condition.argument > 5) throw SysError("seccomp_rule_add", EINVAL, std::to_string(condition.argument), "arguments are 0 to 5");
  return made;
}

/// A filter kills calls through an ABI it does not know, so every ABI that this kernel may run is named.
void addForeignAbis(scmp_filter_ctx context) {
  std::vector<uint32_t> abis;
#if defined(__x86_64__)
  abis = {SCMP_ARCH_X86, SCMP_ARCH_X32};
#elif defined(__aarch64__)
  abis = {SCMP_ARCH_ARM};
#endif
  for (const uint32_t abi : abis) {
    const int result = seccomp_arch_add(context, abi);
    if (result != -EEXIST) check(result, "seccomp_arch_add", std::to_string(abi));
  }
}

void addRule(scmp_filter_ctx context, const Rule& rule, uint32_t defaultAction) {
  const int number = seccomp_syscall_resolve_name(rule.syscall.c_str());
  if (number == __NR_SCMP_ERROR) throw SysError("seccomp_syscall_resolve_name", EINVAL, rule.syscall, "unknown system call");
  std::vector<scmp_arg_cmp> when;
  for (const Condition& condition : rule.when) when.push_back(comparisonOf(condition));
  const uint32_t action = actionOf(rule.action);
  if (action == defaultAction) return;  // libseccomp refuses what changes nothing
  check(seccomp_rule_add_array(context, action, number, static_cast<unsigned>(when.size()), when.data()), "seccomp_rule_add", rule.syscall);
}

}  // namespace

std::string compile(const Policy& policy) {
  const uint32_t defaultAction = actionOf(policy.defaultAction);
  const std::unique_ptr<void, void (*)(scmp_filter_ctx)> context(seccomp_init(defaultAction), seccomp_release);
  if (context == nullptr) throw SysError("seccomp_init", ENOMEM);
  if (policy.nativeOnly) {
    check(seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)), "seccomp_attr_set", {});
  } else {
    addForeignAbis(context.get());
  }
  if (policy.rules.size() > kTreeThreshold) check(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "seccomp_attr_set", {});
  for (const Rule& rule : policy.rules) addRule(context.get(), rule, defaultAction);
  // libseccomp 2.5 exports to a file descriptor only.
  const UniqueFd file = LX_SYS_FD(::memfd_create("seccomp", MFD_CLOEXEC));
  check(seccomp_export_bpf(context.get(), file.get()), "seccomp_export_bpf", {});
  return readAll(file.get());
}

bool isSystemCall(const std::string& name) { return seccomp_syscall_resolve_name(name.c_str()) != __NR_SCMP_ERROR; }

}  // namespace lx::seccomp
