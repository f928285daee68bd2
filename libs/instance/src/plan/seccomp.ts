import type { StringMap } from '#lib/base';
import { keyOf, type SystemCallRule } from '#lib/contract';
import type { SeccompPolicy, SeccompRule } from '#lib/host';

/**
 * The system calls refused to every instance. Most are refused by missing capabilities already; the filter stands in
 * front of them so that a bug behind a capability check is not reachable either. open_by_handle_at(2) can walk out of a
 * mount, which is why it is here although a container could otherwise use it on some file systems.
 */
export const deniedSyscalls = [
  'kexec_load',
  'kexec_file_load',
  'open_by_handle_at',
  'init_module',
  'finit_module',
  'delete_module',
  'swapon',
  'swapoff',
  'acct',
] as const;

/** MNT_FORCE of umount2(2): lets a guest abort I/O of file systems it only shares. */
const MNT_FORCE = 1;

/** The lower half of an argument: the kernel's `unsigned int`, whatever a guest writes above it (ioctl(2)). */
const lowerHalf = 0xffff_ffff;

/**
 * BTRFS_IOC_SNAP_CREATE, SUBVOL_CREATE and the second versions of both (linux/btrfs.h). A subvolume is counted by itself, so a guest
 * whose tree is bounded would leave the bound behind in one of its own.
 */
const subvolumeRequests = [0x5000_9401, 0x5000_940e, 0x5000_9417, 0x5000_9418];

const boundedRules: readonly SeccompRule[] = subvolumeRequests.map((value) => ({
  syscall: 'ioctl',
  action: 'EPERM',
  when: [{ argument: 1, operator: 'masked' as const, value, mask: lowerHalf }],
}));

const defaultRules: readonly SeccompRule[] = [
  ...deniedSyscalls.map((syscall) => ({ syscall, action: 'EPERM' })),
  { syscall: 'umount2', action: 'EACCES', when: [{ argument: 1, operator: 'masked' as const, value: MNT_FORCE, mask: MNT_FORCE }] },
];

export const defaultSeccompPolicy: SeccompPolicy = { defaultAction: 'allow', rules: defaultRules };

/**
 * What an expanded config wants of the filter; null: what every instance has. `bounded`: what it may write to is bounded. A list of
 * what is allowed says all there is to say of ioctl(2) itself.
 */
export function seccompPolicy(config: StringMap, bounded = false): SeccompPolicy | null {
  const allow = keyOf(config, 'security.syscalls.allow');
  if (allow) return { defaultAction: 'kill', rules: allow.map((rule) => ruleOf(rule, 'allow')) };
  const deny = keyOf(config, 'security.syscalls.deny') ?? [];
  const nativeOnly = keyOf(config, 'security.syscalls.deny_compat');
  const usual = keyOf(config, 'security.syscalls.deny_default');
  if (deny.length === 0 && !nativeOnly && usual && !bounded) return null;
  const named = new Set(deny.map(({ syscall }) => syscall));
  const own = [...(usual ? defaultRules : []), ...(bounded ? boundedRules : [])].filter(({ syscall }) => !named.has(syscall));
  const rules = [...own, ...deny.map((rule) => ruleOf(rule, 'kill'))];
  return { defaultAction: 'allow', rules, nativeOnly };
}

/** Names that no kernel knows (`known` tells of one), and rules that no condition tells apart. */
export function seccompProblems(config: StringMap, known: (name: string) => boolean): string[] {
  return (['security.syscalls.allow', 'security.syscalls.deny'] as const).flatMap((key) => {
    const rules = keyOf(config, key) ?? [];
    const always = new Set(rules.filter(({ when }) => when.length === 0).map(({ syscall }) => syscall));
    const twice = [...always].filter((name) => rules.filter(({ syscall }) => syscall === name).length > 1);
    const problems = [
      ...rules.filter(({ syscall }) => !known(syscall)).map(({ syscall }) => `there is no system call ${JSON.stringify(syscall)}`),
      ...twice.map((name) => `it says twice what ${JSON.stringify(name)} meets`),
    ];
    return problems.map((problem) => `Invalid value for key ${JSON.stringify(key)}: ${problem}`);
  });
}

function ruleOf({ syscall, action, when }: SystemCallRule, usual: string): SeccompRule {
  return { syscall, action: action ?? usual, when };
}
