import type { DeviceMap, StringMap } from '#lib/base';
import { problemsOf } from '#lib/contract';
import { kindOf } from './options.ts';

/** Which options, beside `type`, `nictype`, `name`, `hwaddr`, `mtu` and `boot.priority`, a kind takes. */
const own: Readonly<Record<string, readonly string[]>> = {
  bridged: ['network', 'parent', 'host_name', 'ipv4.address'],
  p2p: ['host_name'],
  macvlan: ['parent'],
  physical: ['parent'],
};
const ofSomeKinds = new Set(Object.values(own).flat());

/** LXD has these kinds too; this version cannot do them and says so. */
const unsupportedKinds = new Set(['ipvlan', 'routed', 'ovn', 'sriov']);

export function nicProblems(given: StringMap): string[] {
  const kind = kindOf(given);
  if (unsupportedKinds.has(kind)) return [`nictype "${kind}" is not supported by this server`];
  if (!Object.hasOwn(own, kind)) return ['Unsupported device type: one of "network" and a known "nictype" is needed'];
  const taken = own[kind] ?? [];
  const strange = Object.keys(given).filter((option) => ofSomeKinds.has(option) && !taken.includes(option) && given[option] !== '');
  return [
    ...strange.map((option) => `Invalid device option "${option}"`),
    ...problemsOf([
      [given.network && given.nictype, 'Cannot use "nictype" property in conjunction with "network" property'],
      [given.network && given.parent, 'Cannot use "parent" property in conjunction with "network" property'],
      [taken.includes('parent') && !given.network && !given.parent, 'Invalid value for device option "parent": Required value'],
      [taken.includes('ipv4.address') && given['ipv4.address'] && !given.network, '"ipv4.address" needs a managed network'],
    ]),
  ];
}

/** Names inside, MAC addresses and addresses that two cards of one instance ask for. */
export function problemsAmongNics(devices: DeviceMap): string[] {
  const cards = Object.entries(devices).filter(([, options]) => options.type === 'nic');
  const problems: string[] = [];
  const once = (what: (options: StringMap) => string | undefined, words: (value: string) => string) => {
    const seen = new Set<string>();
    for (const [device, options] of cards) {
      const value = what(options);
      if (value && seen.has(value)) problems.push(`Device validation failed for ${JSON.stringify(device)}: ${words(value)}`);
      if (value) seen.add(value);
    }
  };
  once(
    ({ name }) => name,
    (name) => `Invalid value for device option "name": Duplicate NIC name detected "${name}"`,
  );
  once(
    ({ host_name }) => host_name,
    (name) => `Host name "${name}" already defined on another NIC`,
  );
  return problems;
}
