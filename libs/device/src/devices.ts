import { isDeepStrictEqual } from 'node:util';
import type { DeviceMap, StringMap } from '#lib/base';
import { keyRow } from '#lib/contract';
import type { Places } from '#lib/host';
import type { DeviceHolders, DeviceType } from './device-type.ts';
import { deviceNameProblems } from './names.ts';
import { deviceTypes, foreignTypes } from './types/index.ts';

/** All problems of a device map as an instance or a profile may carry it, each naming its device. */
export function deviceProblems(devices: DeviceMap): string[] {
  return Object.entries(devices).flatMap(([name, options]) => {
    const named = deviceNameProblems(name);
    if (named.length > 0) return named;
    return ownProblems(options).map((text) => `Device validation failed for ${JSON.stringify(name)}: ${text}`);
  });
}

/** Problems that show only in the whole of an instance: its root disk, and what may be there once. */
export function expandedDeviceProblems(devices: DeviceMap): string[] {
  return [...Object.values(deviceTypes).flatMap((type) => type.problemsAmong?.(devices) ?? []), ...samePlaces(devices)];
}

/** Two devices at one place inside. */
function samePlaces(devices: DeviceMap): string[] {
  const seen = new Set<string>();
  return Object.entries(devices).flatMap(([device, options]) => {
    const place = typeOf(options)?.place?.(options);
    if (!place) return [];
    const taken = seen.has(place);
    seen.add(place);
    const words = `More than one ${options.type} device uses the same path "${place}"`;
    return taken ? [`Device validation failed for ${JSON.stringify(device)}: ${words}`] : [];
  });
}

/** What devices without problems name and cannot have: pools and networks that are not there, addresses of others. */
export async function missingOf(holders: DeviceHolders, project: string, devices: DeviceMap, volatile: StringMap): Promise<string[]> {
  const asked = Object.entries(devices).map(([device, options]) =>
    Promise.resolve(typeOf(options)?.missing?.(holders, { project, volatile }, device, options) ?? []),
  );
  return (await Promise.all(asked)).flat();
}

/** Volatile keys for what the server makes up for devices that have not got it: MAC addresses, names inside. */
export function madeUpFor(devices: DeviceMap, known: StringMap): StringMap {
  const made: StringMap = {};
  for (const [device, options] of Object.entries(devices))
    Object.assign(made, typeOf(options)?.madeUp?.(device, devices, { ...known, ...made }) ?? {});
  return made;
}

/** Volatile keys to delete when devices go. */
export function forgotten(before: DeviceMap, after: DeviceMap): Record<string, null> {
  const gone = Object.keys(before).filter((device) => !Object.hasOwn(after, device));
  return Object.fromEntries(gone.flatMap((device) => ['hwaddr', 'name'].map((key) => [`volatile.${device}.${key}`, null] as const)));
}

export function typeOf({ type = '' }: StringMap): DeviceType | null {
  return Object.hasOwn(deviceTypes, type) ? (deviceTypes[type] ?? null) : null;
}

function ownProblems(options: StringMap): string[] {
  const type = typeOf(options);
  if (!type) return [unknownType(options.type ?? '')];
  return [...Object.entries(options).flatMap(([option, value]) => optionProblems(type, option, value)), ...type.problems(options)];
}

function unknownType(type: string): string {
  return foreignTypes.has(type) ? `Device type "${type}" is not supported by this server` : `Unsupported device type "${type}"`;
}

/** An empty value is as good as none. */
function optionProblems({ catalogue, unsupported }: DeviceType, option: string, value: string): string[] {
  const row = keyRow(catalogue, option);
  if (row)
    return value === '' || row.type.accepts(value) ? [] : [`Invalid value for device option "${option}": it must be ${row.type.name}`];
  const known = unsupported.some((each) => (each.endsWith('.') ? option.startsWith(each) : option === each));
  return [known ? `option "${option}" is not supported by this server` : `Invalid device option "${option}"`];
}

/** What the host lacks for devices that come; each text names its device. */
export async function lacksOf(places: Places, devices: DeviceMap): Promise<string[]> {
  const asked = Object.entries(devices).map(async ([device, options]) => {
    const text = await typeOf(options)?.lacks?.(places, device, options);
    return text ? [`Failed add validation for device ${JSON.stringify(device)}: ${text}`] : [];
  });
  return (await Promise.all(asked)).flat();
}

/** Those of `after` that are not in `before`, or not the same. */
export function newOnes(before: DeviceMap, after: DeviceMap): DeviceMap {
  return Object.fromEntries(Object.entries(after).filter(([device, options]) => !isDeepStrictEqual(options, before[device])));
}

/** The options of a device that cannot change while it is attached. */
export function fixedOptions(options: StringMap): StringMap {
  const type = typeOf(options);
  const isLive = (option: string) => type !== null && keyRow(type.catalogue, option)?.live === true && !type.fixes?.(option, options);
  return Object.fromEntries(Object.entries(options).filter(([option, value]) => value !== '' && !isLive(option)));
}
