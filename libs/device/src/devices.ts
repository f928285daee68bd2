import type { DeviceMap, StringMap } from '#lib/base';
import { diskProblems, isRootDisk, type RootDisk } from './disk.ts';
import { type Nic, nicProblems, parseNic } from './nic.ts';

/** One line a type: what checks its options. */
const checks: Record<string, (device: string, options: StringMap) => string[]> = {
  nic: nicProblems,
  disk: diskProblems,
  none: () => [],
};

/** Types of LXD that this version has not; refused with a reason of their own. */
const unsupportedTypes = new Set(['unix-char', 'unix-block', 'unix-hotplug', 'usb', 'gpu', 'proxy', 'tpm', 'infiniband', 'pci']);

/** All problems of a device map as an instance or a profile may carry it. */
export function deviceProblems(devices: DeviceMap): string[] {
  const problems: string[] = [];
  for (const [name, options] of Object.entries(devices)) {
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name))
      problems.push(`Device validation failed for "${name}": Name can only contain alphanumeric, dot, hyphen and underscore characters`);
    const type = options.type ?? '';
    const check = Object.hasOwn(checks, type) ? checks[type] : undefined;
    if (check) problems.push(...check(name, options));
    else if (unsupportedTypes.has(type))
      problems.push(`Device validation failed for "${name}": Device type "${type}" is not supported by this server`);
    else problems.push(`Device validation failed for "${name}": Unsupported device type "${type}"`);
  }
  return problems;
}

/** Problems that show only in the whole of an instance: its root disk, and names used twice inside. */
export function expandedDeviceProblems(devices: DeviceMap): string[] {
  const problems: string[] = [];
  const roots = Object.values(devices).filter(isRootDisk);
  if (roots.length === 0) problems.push('Failed detecting root disk device: No root device could be found');
  if (roots.length > 1) problems.push('Failed detecting root disk device: More than one root device found');
  const names = nics(devices).map((nic) => nic.name);
  for (const name of new Set(names.filter((each, at) => names.indexOf(each) !== at)))
    problems.push(`Duplicate network interface name "${name}"`);
  return problems;
}

/** Of devices without problems. */
export function nics(devices: DeviceMap): Nic[] {
  return Object.entries(devices)
    .filter(([, options]) => options.type === 'nic')
    .map(([device, options]) => parseNic(device, options));
}

export function rootDisk(devices: DeviceMap): RootDisk | null {
  const found = Object.entries(devices).find(([, options]) => isRootDisk(options));
  return found ? { device: found[0], pool: found[1].pool ?? '' } : null;
}
