import type { StringMap } from '#lib/base';

/** The root disk: the pool that holds the instance. */
export interface RootDisk {
  device: string;
  pool: string;
}

const options = new Set(['type', 'path', 'pool', 'boot.priority']);

/** LXD knows these options of a disk; they are refused until something enforces them. */
const unsupported = new Set([
  'size',
  'size.state',
  'source',
  'limits.read',
  'limits.write',
  'limits.max',
  'readonly',
  'recursive',
  'required',
  'propagation',
  'shift',
  'raw.mount.options',
  'ceph.cluster_name',
  'ceph.user_name',
]);

export function isRootDisk(given: StringMap): boolean {
  return given.type === 'disk' && given.path === '/' && !given.source;
}

export function diskProblems(device: string, given: StringMap): string[] {
  const problems: string[] = [];
  const bad = (text: string) => problems.push(`Device validation failed for "${device}": ${text}`);
  if (given.path !== '/') bad('disks other than the root are not supported by this server');
  for (const option of Object.keys(given)) {
    if (options.has(option)) continue;
    bad(unsupported.has(option) ? `option "${option}" is not supported by this server` : `Invalid device option "${option}"`);
  }
  if (given.path === '/' && !given.pool) bad('Root disk entry must have a "pool" property set');
  return problems;
}
