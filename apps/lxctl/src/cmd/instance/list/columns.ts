import type { WireInstanceFull } from '#lib/contract';
import { bytes, moment, parseBytes } from '../../../output/units.ts';
import { UsageError } from '../../../run/verb.ts';

export interface Column {
  header: string;
  cell(instance: WireInstanceFull): string;
}

/** One letter, one column: LXD's letters. */
const columns: Record<string, Column> = {
  n: { header: 'NAME', cell: ({ name }) => name },
  s: { header: 'STATE', cell: ({ status }) => status.toUpperCase() },
  '4': { header: 'IPV4', cell: (instance) => addresses(instance, 'inet') },
  '6': { header: 'IPV6', cell: (instance) => addresses(instance, 'inet6') },
  a: { header: 'ARCHITECTURE', cell: ({ architecture }) => architecture },
  b: { header: 'STORAGE POOL', cell: (instance) => rootDisk(instance)?.pool ?? '' },
  c: { header: 'CREATED AT', cell: ({ created_at }) => moment(created_at) },
  d: { header: 'DESCRIPTION', cell: ({ description }) => description },
  D: { header: 'DISK USAGE', cell: diskUsage },
  e: { header: 'PROJECT', cell: ({ project }) => project },
  f: { header: 'BASE IMAGE', cell: ({ config }) => (config['volatile.base_image'] ?? '').slice(0, 12) },
  F: { header: 'BASE IMAGE', cell: ({ config }) => config['volatile.base_image'] ?? '' },
  l: { header: 'LAST USED AT', cell: ({ last_used_at }) => moment(last_used_at) },
  L: { header: 'LOCATION', cell: ({ location }) => location },
  m: { header: 'MEMORY USAGE', cell: ({ state }) => (state?.memory?.usage ? bytes(state.memory.usage) : '') },
  M: { header: 'MEMORY USAGE%', cell: memoryShare },
  N: { header: 'PROCESSES', cell: ({ state }) => (state && state.pid > 0 ? String(state.processes) : '') },
  p: { header: 'PID', cell: ({ state }) => (state && state.pid > 0 ? String(state.pid) : '') },
  P: { header: 'PROFILES', cell: ({ profiles }) => profiles.join('\n') },
  S: { header: 'SNAPSHOTS', cell: ({ snapshots }) => String(snapshots?.length ?? 0) },
  t: { header: 'TYPE', cell: ({ type, ephemeral }) => `${type.toUpperCase()}${ephemeral ? ' (EPHEMERAL)' : ''}` },
  u: { header: 'CPU USAGE', cell: ({ state }) => (state?.cpu?.usage ? `${Math.floor(state.cpu.usage / 1e9)}s` : '') },
};

/** What can be shown without asking for the state. */
export const fastColumns = 'nsacPt';
const stateful = new Set('46mMNpuDS');

export function needsState(layout: string): boolean {
  return layout.split(',').some((part) => (isLetters(part) ? Array.from(part).some((letter) => stateful.has(letter)) : false));
}

/** `ns4,limits.memory:MEM:8,devices:eth0.parent` as columns. UsageError names what is unknown. */
export function parseColumns(layout: string): Column[] {
  if (layout.trim() === '') throw new UsageError('The list of columns is empty (-c)');
  return layout.split(',').flatMap((part) => {
    if (part === '') throw new UsageError(`An empty column in "${layout}" (-c)`);
    return isLetters(part) ? Array.from(part, letterColumn) : [keyColumn(part)];
  });
}

/** A word with a dot or a colon is a key, any other is letters. */
function isLetters(part: string): boolean {
  return !/[.:]/.test(part);
}

function letterColumn(letter: string): Column {
  const column = Object.hasOwn(columns, letter) ? columns[letter] : undefined;
  if (!column) throw new UsageError(`Unknown column "${letter}" (-c); known are ${Object.keys(columns).join('')}, and config keys`);
  return column;
}

function keyColumn(spec: string): Column {
  const [, from = 'config', key = '', header = '', size = ''] = /^(?:(config|devices):)?([^:]+)(?::([^:]*))?(?::(\d+))?$/.exec(spec) ?? [];
  if (!key) throw new UsageError(`"${spec}" is not a column (-c): [config:|devices:]KEY[:NAME][:WIDTH]`);
  const title = header || key.toUpperCase();
  const limit = size === '' ? Number.POSITIVE_INFINITY : Number(size) || title.length;
  return {
    header: title,
    cell: ({ expanded_config, expanded_devices }) => {
      if (from === 'config') return (expanded_config[key] ?? '').slice(0, limit);
      const dot = key.indexOf('.');
      return (expanded_devices[key.slice(0, dot)]?.[key.slice(dot + 1)] ?? '').slice(0, limit);
    },
  };
}

function addresses({ state }: WireInstanceFull, family: 'inet' | 'inet6'): string {
  const seen: string[] = [];
  for (const [device, network] of Object.entries(state?.network ?? {})) {
    if (network.type === 'loopback') continue;
    for (const address of network.addresses) {
      if (address.family !== family || address.scope === 'link' || address.scope === 'local') continue;
      seen.push(`${address.address} (${device})`);
    }
  }
  return seen.sort().reverse().join('\n');
}

function rootDisk({ expanded_devices }: WireInstanceFull) {
  return Object.values(expanded_devices).find((device) => device.type === 'disk' && device.path === '/');
}

function diskUsage({ state, expanded_devices }: WireInstanceFull): string {
  const root = Object.entries(expanded_devices).find(([, device]) => device.type === 'disk' && device.path === '/')?.[0];
  const usage = root === undefined ? undefined : state?.disk?.[root]?.usage;
  return usage ? bytes(usage) : '';
}

function memoryShare({ state, expanded_config }: WireInstanceFull): string {
  const limit = parseBytes(expanded_config['limits.memory'] ?? '');
  return state?.memory?.usage && limit ? `${((100 * state.memory.usage) / limit).toFixed(1)}%` : '';
}
