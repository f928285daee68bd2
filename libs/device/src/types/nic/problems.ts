import type { DeviceMap, StringMap } from '#lib/base';
import { problemsOf } from '#lib/contract';
import { foreignNicKinds, nicKind, nicKinds } from './kinds/index.ts';
import { kindOf } from './options.ts';

const ofSomeKinds = new Set(Object.values(nicKinds).flatMap(({ options }) => options));

export function nicProblems(given: StringMap): string[] {
  const kind = kindOf(given);
  const instead = foreignNicKinds.get(kind);
  if (instead !== undefined) return [`nictype "${kind}" is not supported by this server${instead}`];
  const row = nicKind(kind);
  if (!row) return ['Unsupported device type: one of "network" and a known "nictype" is needed'];
  const strange = Object.keys(given).filter((option) => ofSomeKinds.has(option) && !row.options.includes(option) && given[option] !== '');
  return [
    ...strange.map((option) =>
      row.unsupported?.includes(option) ? `option "${option}" is not supported by this server` : `Invalid device option "${option}"`,
    ),
    ...problemsOf([
      [given.network && given.nictype, 'Cannot use "nictype" property in conjunction with "network" property'],
      [given.network && given.parent, 'Cannot use "parent" property in conjunction with "network" property'],
      ...(row.problems?.(given) ?? []),
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
