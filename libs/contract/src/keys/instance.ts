import { defineKeys, type KeyCatalogue, type KeyValue, keyRow, type LiveKey, readKey, validateConfig } from './define.ts';
import { anyOf, bool, bytes, integer, keyType, oneOf, percent, text } from './types.ts';
import type { StringMap } from '#lib/base';
import { parseCpuList } from './cpus.ts';
import { rawIdMap, rawIdMapProblems } from './idmap.ts';
import { systemCallRules } from './syscalls.ts';
import { snapshotRows } from './snapshots.ts';
import { snapshotSchedule } from './schedule.ts';
import { foreignInstanceKeyReason } from './foreign-instance-keys.ts';

/** A number: that many, chosen by the server. A list: these. */
const cpus = keyType(
  'a number of CPUs from 1, or a list such as 0,2-3 that names none twice',
  (value) => /^[1-9]\d{0,4}$/.test(value) || (/[,-]/.test(value) && parseCpuList(value) !== null),
  (value) => (/[,-]/.test(value) ? (parseCpuList(value) ?? []) : Number(value)),
);
/** Microseconds. */
const quota = keyType(
  'a share such as 25ms/100ms',
  (value) => {
    // LXD takes it without the unit as well.
    const match = /^(\d{1,6})(?:ms)?\/(\d{1,4})(?:ms)?$/.exec(value);
    return match !== null && Number(match[1]) > 0 && Number(match[2]) > 0 && Number(match[2]) <= 1000;
  },
  (value) => {
    const [quotaText = '', periodText = ''] = value.split('/');
    return { quota: Number.parseInt(quotaText, 10) * 1000, period: Number.parseInt(periodText, 10) * 1000 };
  },
);
const positivePercent = keyType('a percentage from 1% to 100%', (value) => percent.accepts(value) && !/^0+%$/.test(value), percent.read);
const positiveBytes = keyType('a number of bytes such as 512MiB', (value) => bytes.accepts(value) && bytes.read(value) > 0, bytes.read);
const no = keyType('false', (value) => bool.accepts(value) && !bool.read(value), bool.read);
/** A name is never taken for an option or a path by modprobe(8). */
const moduleList = keyType(
  'a comma-separated list of kernel modules such as overlay,br_netfilter',
  (value) => value.split(',').every((name) => /^[a-z0-9_][a-z0-9_-]{0,54}$/i.test(name.trim())),
  (value) => value.split(',').map((name) => name.trim()),
);
/** null: unlimited. */
const amount = (value: string) => (value === 'unlimited' ? null : Number(value));
const rlimit = keyType(
  'a limit such as 1024, 1024:4096 or unlimited, the first not above the second',
  (value) => {
    if (!/^(\d{1,18}|unlimited)(:(\d{1,18}|unlimited))?$/.test(value)) return false;
    const [soft = null, hard = soft] = value.split(':').map(amount);
    return hard === null || (soft !== null && soft <= hard);
  },
  (value) => {
    const [soft = null, hard = soft] = value.split(':').map(amount);
    return { soft, hard };
  },
);

/** What setrlimit(2) limits, by the name in `limits.kernel.*`. */
export const kernelResources = [
  'as',
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'nice',
  'nofile',
  'nproc',
  'rtprio',
  'rttime',
  'rss',
  'sigpending',
  'stack',
  'msgqueue',
] as const;
const kernelRow = (resource: string) =>
  ({
    type: rlimit,
    doc: `Resource limit RLIMIT_${resource.toUpperCase()} of the init and all its children (setrlimit(2)).`,
    live: false,
  }) as const;

const hugepages = (size: string) => ({ type: bytes, doc: `Bytes of huge pages of ${size}.`, live: true }) as const;
const cloudInit = (what: string) =>
  ({
    type: text,
    doc: `${what} for cloud-init in the guest; templates of the image pass it on (config_get), at the events they say.`,
    live: true,
    readWhenUsed: true,
  }) as const;

/** What may be configured on an instance or in a profile. */
export const instanceKeys = defineKeys('instance', {
  'boot.autorestart': {
    type: bool,
    default: 'false',
    doc: 'Start the instance again when its init dies or is killed, at most 10 times within a minute. Not when the guest powers off.',
    live: true,
    readWhenUsed: true,
  },
  'boot.autostart': {
    type: bool,
    doc: 'Start the instance when the server starts; unset: as it was before.',
    live: true,
    readWhenUsed: true,
  },
  'boot.autostart.delay': {
    type: integer({ min: 0, max: 86_400 }),
    default: '0',
    doc: 'Seconds to wait after the start before the next instance is started.',
    live: true,
    readWhenUsed: true,
  },
  'boot.autostart.priority': {
    type: integer(),
    default: '0',
    doc: 'Instances with a higher priority are started first.',
    live: true,
    readWhenUsed: true,
  },
  'boot.host_shutdown_action': {
    type: oneOf('stop', 'force-stop'),
    default: 'stop',
    doc: 'What a shutdown of the server does with the instance: ask it to shut down, or kill it at once (`force-stop`).',
    live: true,
    readWhenUsed: true,
  },
  'boot.host_shutdown_timeout': {
    type: integer({ min: 0 }),
    default: '30',
    doc: 'Seconds the instance gets to shut down when the server is shut down.',
    live: true,
    readWhenUsed: true,
  },
  'boot.stop.priority': {
    type: integer(),
    default: '0',
    doc: 'Instances with a higher priority are stopped first.',
    live: true,
    readWhenUsed: true,
  },
  'cloud-init.network-config': cloudInit('Network configuration'),
  'cloud-init.user-data': cloudInit('User data'),
  'cloud-init.vendor-data': cloudInit('Vendor data'),
  'environment.*': { type: text, doc: 'Environment of the init and of every exec.', live: true, readWhenUsed: true },
  'image.*': { type: text, doc: 'Properties of the image the instance was made from.', live: true, readWhenUsed: true },
  'limits.cpu': { type: cpus, doc: 'How many CPUs, chosen by the server, or which ones.', live: true },
  'limits.cpu.allowance': {
    type: anyOf(positivePercent, quota),
    default: '100%',
    doc: 'A percentage is a weight when CPUs are short; a quota (25ms/100ms) is a hard limit.',
    live: true,
  },
  'limits.cpu.priority': {
    type: integer({ min: 0, max: 10 }),
    default: '10',
    doc: 'Weight against instances with the same CPU allowance.',
    live: true,
  },
  'limits.disk.priority': {
    type: integer({ min: 0, max: 10 }),
    default: '5',
    doc: "Weight against other instances when a disk is busy, where the kernel's scheduler of that disk weighs.",
    live: true,
  },
  'limits.hugepages.1GB': hugepages('1GB'),
  'limits.hugepages.1MB': hugepages('1MB'),
  'limits.hugepages.2MB': hugepages('2MB'),
  'limits.hugepages.64KB': hugepages('64KB'),
  'limits.memory': {
    type: anyOf(positiveBytes, positivePercent),
    doc: 'Memory the instance may use, in bytes or as a share of the host.',
    live: true,
  },
  'limits.memory.enforce': {
    type: oneOf('hard', 'soft'),
    default: 'hard',
    doc: 'soft: the limit counts only when the host is short of memory.',
    live: true,
  },
  'limits.memory.swap': {
    type: anyOf(bool, bytes),
    default: 'true',
    doc: 'Whether memory of the instance may be swapped out, or how much of it.',
    live: true,
  },
  'limits.memory.swap.priority': {
    type: integer({ min: 0, max: 10 }),
    default: '10',
    doc: 'The higher, the later memory of the instance is swapped out (hosts with control groups of version 1).',
    live: true,
  },
  'limits.processes': { type: integer({ min: 1, max: 4_194_304 }), doc: 'Most processes and threads at a time.', live: true },
  ...(Object.fromEntries(kernelResources.map((resource) => [`limits.kernel.${resource}`, kernelRow(resource)])) as Record<
    `limits.kernel.${(typeof kernelResources)[number]}`,
    ReturnType<typeof kernelRow>
  >),
  'linux.kernel_modules': {
    type: moduleList,
    doc: 'Modules that the kernel of the host has to have when the instance is started, such as overlay,br_netfilter: those that are not there are loaded, and stay.',
    live: false,
  },
  'linux.sysctl.*': {
    type: text,
    doc: 'Kernel parameters of the namespaces of the instance, e.g. linux.sysctl.net.ipv4.ip_forward.',
    live: false,
  },
  'raw.idmap': {
    type: rawIdMap,
    doc: 'Single ids of the host that stand for ids inside, beside those that the instance has. It counts from the next start on.',
    live: false,
  },
  'security.idmap.base': {
    type: integer({ min: 65_536, max: 4_294_901_760 }),
    doc: 'First host id of an isolated instance, whatever else has it. It counts from the next start on.',
    live: false,
  },
  'security.idmap.isolated': {
    type: bool,
    doc: 'Unset: ids 0 to 65535 are the own ones of the instance, those above are shared; true: it has only its own; false: all are shared. It counts from the next start on.',
    live: false,
  },
  'security.idmap.size': {
    type: integer({ min: 1, max: 1_000_000_000 }),
    default: '65536',
    doc: 'How many ids an isolated instance has. It counts from the next start on.',
    live: false,
  },
  'security.nesting': {
    type: bool,
    default: 'false',
    doc: 'Containers inside the instance: what it needs so that they can mount a /proc and a /sys of their own.',
    live: false,
  },
  'security.privileged': {
    type: no,
    default: 'false',
    doc: 'Only false: instances always have a user namespace.',
    live: false,
  },
  'security.protection.delete': { type: bool, default: 'false', doc: 'Refuse to delete the instance.', live: true, readWhenUsed: true },
  'security.protection.shift': {
    type: bool,
    default: 'false',
    doc: 'Refuse to change the owners of the files of the root. Always so here: ids are shifted by the mount, never on disk.',
    live: true,
    readWhenUsed: true,
  },
  'security.protection.start': { type: bool, default: 'false', doc: 'Refuse to start the instance.', live: true, readWhenUsed: true },
  'security.syscalls.allow': {
    type: systemCallRules,
    doc: 'The only system calls that processes inside may make; any other kills. Not together with security.syscalls.deny*.',
    live: false,
  },
  'security.syscalls.deny': {
    type: systemCallRules,
    doc: 'System calls that are denied; one without a word of what it meets kills.',
    live: false,
  },
  'security.syscalls.deny_compat': {
    type: bool,
    default: 'false',
    doc: "Deny all system calls of the processor's other ABIs: 32-bit programs do not run.",
    live: false,
  },
  'security.syscalls.deny_default': {
    type: bool,
    default: 'true',
    doc: 'Deny what no instance needs: kernel modules, kexec, swap, handles of files, forced unmounts.',
    live: false,
  },
  ...snapshotRows,
  'snapshots.schedule': {
    type: snapshotSchedule,
    doc: 'When snapshots are taken by themselves: five fields of cron in the local time of the server, or a comma-separated list of @hourly, @daily, @midnight, @weekly, @monthly, @annually and @yearly (at a minute and hour of the instance, always the same), @startup (before it is started or restarted, but not where it is made and started in one request) and @never.',
    live: true,
    readWhenUsed: true,
  },
  'snapshots.schedule.stopped': {
    type: bool,
    default: 'false',
    doc: 'Whether snapshots are taken by the schedule while the instance does not run.',
    live: true,
    readWhenUsed: true,
  },
  'user.*': { type: text, doc: 'Free for users; can be searched.', live: true, readWhenUsed: true },
  'volatile.*': { type: text, doc: "The server's own notes about the instance.", live: true, readWhenUsed: true },
});

type InstanceRows = (typeof instanceKeys)['rows'];

/** Keys that somebody has to put into force on a running instance: one applier each, or it does not compile. */
export type LiveInstanceKey = LiveKey<InstanceRows>;

/** What a key of an instance's (expanded, checked) config means; its default where it is not set. */
export function keyOf<K extends Exclude<keyof InstanceRows & string, `${string}*`>>(config: StringMap, key: K): KeyValue<InstanceRows[K]> {
  return readKey(instanceKeys, config, key);
}

/** Every problem of an instance's or profile's config; a key that LXD has and this server not is told from an unknown one. */
export function instanceConfigProblems(config: StringMap): string[] {
  const known: StringMap = {};
  const problems: string[] = [];
  for (const [key, value] of Object.entries(config)) {
    const foreign = keyRow(instanceKeys as KeyCatalogue, key) === null ? foreignInstanceKeyReason(key) : null;
    if (foreign === null) known[key] = value;
    else problems.push(`Configuration key not supported by this server: ${key} (${foreign})`);
  }
  for (const key of Object.keys(known)) {
    if (key.startsWith('linux.sysctl.') && !/^[a-z0-9_.-]+$/i.test(key)) problems.push(`Unknown configuration key: ${key}`);
    if (key.startsWith('environment.') && /[=\0]/.test(key)) problems.push(`Unknown configuration key: ${key}`);
  }
  problems.push(...rawIdMapProblems(known['raw.idmap'] ?? ''), ...togetherProblems(known));
  return [...problems, ...validateConfig(instanceKeys as KeyCatalogue, known), ...nulProblems(known)];
}

/** What single values do not show: keys that exclude each other. Also of an expanded config. */
export function togetherProblems(config: StringMap): string[] {
  const says = (beginning: string) => Object.entries(config).some(([key, value]) => key.startsWith(beginning) && value !== '');
  return says('security.syscalls.allow') && says('security.syscalls.deny')
    ? ['security.syscalls.allow is mutually exclusive with security.syscalls.deny*']
    : [];
}

/** The same for a profile, which has no keys that belong to one instance. */
export function profileConfigProblems(config: StringMap): string[] {
  const keys = Object.keys(config);
  return [
    ...(keys.some((key) => key.startsWith('volatile.')) ? ['Volatile keys can only be set on instances'] : []),
    ...(keys.some((key) => key.startsWith('image.')) ? ['Image keys can only be set on instances'] : []),
    ...instanceConfigProblems(config),
  ];
}

/** A NUL would end the value early on its way to the kernel. */
function nulProblems(config: StringMap): string[] {
  return Object.entries(config)
    .filter(([, value]) => value.includes('\0'))
    .map(([key]) => `Invalid value for key ${JSON.stringify(key)}: it holds a NUL character`);
}
