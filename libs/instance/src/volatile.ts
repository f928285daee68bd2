import { randomUUID } from 'node:crypto';
import type { DeviceMap, StringMap } from '#lib/base';
import { keyTypes } from '#lib/contract';
import { madeUpFor, nicsOf } from '#lib/device';
import type { InstanceRow } from '#lib/store';

/** A config as a client gives it. Empty values of the config mean "not set"; of the volatile keys they stay, as wishes. */
export function separated(given: StringMap): { config: StringMap; volatile: StringMap } {
  const config: StringMap = {};
  const volatile: StringMap = {};
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith('volatile.')) volatile[key] = value;
    else if (value !== '') config[key] = value;
  }
  return { config, volatile };
}

/** LXD's: what cloud-init takes for a new machine when it changes. */
export const instanceIdKey = 'volatile.cloud-init.instance-id';
/** LXD's: here the id of the instance. */
export const uuidKey = 'volatile.uuid';
/** LXD's: the event whose templates the next start applies. */
export const templateKey = 'volatile.apply_template';

/** LXD's: the image it was made of. */
export const baseImageKey = 'volatile.base_image';

/** Ours: the minute its schedule was last seen to, RFC 3339. */
export const scheduledKey = 'volatile.snapshot.scheduled';

/** The volatile keys of an instance that is made, but for its ids. */
export function firstVolatile(id: string, image: string | null, devices: DeviceMap, wanted: StringMap): StringMap {
  const chosen = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== ''));
  return {
    [uuidKey]: id,
    ...(image === null ? {} : { [baseImageKey]: image }),
    'volatile.last_state.idmap': JSON.stringify([]),
    [templateKey]: 'create',
    [instanceIdKey]: randomUUID(),
    ...madeUpFor(devices, chosen),
    ...chosen,
  };
}

/**
 * What is wrong with the volatile keys that a client gives. They are the server's own notes: a client may send them back as
 * it read them (`has`), and choose a nic's address and the instance's id for cloud-init; nothing else of it would count.
 */
export function volatileProblems(given: StringMap, has: StringMap, devices: DeviceMap): string[] {
  return Object.entries(given).flatMap(([key, value]) => {
    if (value === (has[key] ?? '')) return [];
    const problem = chosenProblem(key, value, devices);
    return problem === null ? [] : [problem];
  });
}

function chosenProblem(key: string, value: string, devices: DeviceMap): string | null {
  const type = chooses(key, devices);
  // LXD's client unsets this one when it refreshes a copy; it is reckoned anew in any case.
  if (value === '' && (type !== null || key === 'volatile.idmap.next')) return null;
  if (type === null)
    return known.test(key) ? `The volatile key ${JSON.stringify(key)} is set by the server alone` : `Unknown configuration key: ${key}`;
  return type.accepts(value) ? null : `Invalid value for key ${JSON.stringify(key)}: ${type.name} ${JSON.stringify(value)}`;
}

/** LXD's volatile keys of containers, and this server's. */
const known =
  /^volatile\.(apply_template|base_image|cpu\.pinned|cloud-init\.instance-id|evacuate\.origin|idmap\.(base|current|next)|last_state\.(idmap|power)|snapshot\.scheduled|uuid|.+\.(apply_quota|ceph_rbd|host_name|hwaddr|name|last_state\..+))$/;

const address = keyTypes.keyType('Invalid MAC address', keyTypes.unicastMac.accepts);
const uuid = keyTypes.keyType('Invalid UUID', keyTypes.uuid.accepts);

/** The type of a key that a client may choose; null for all others. */
function chooses(key: string, devices: DeviceMap): keyTypes.KeyType<string> | null {
  if (key === instanceIdKey) return uuid;
  return nicsOf(devices, {}).some((nic) => addressOf(nic.device) === key) ? address : null;
}

/** What a client's choice changes: an empty value has the server choose again. To be called without `volatileProblems`. */
export function chosenVolatile(given: StringMap, has: StringMap, devices: DeviceMap): StringMap {
  const chosen: StringMap = {};
  for (const [key, value] of Object.entries(given)) {
    if (value === (has[key] ?? '') || chooses(key, devices) === null) continue;
    chosen[key] = value || (key === instanceIdKey ? randomUUID() : (madeUpFor(devices, without(has, key))[key] ?? ''));
  }
  return chosen;
}

function addressOf(device: string): string {
  return `volatile.${device}.hwaddr`;
}

function without(keys: StringMap, key: string): StringMap {
  const { [key]: _, ...rest } = keys;
  return rest;
}

/**
 * A client that refreshes a copy sends it the configuration of its source, with the server's notes about that, as it has read
 * them: they say nothing of the copy.
 */
export function withoutNotesOf(another: Pick<InstanceRow, 'id' | 'volatile'>, given: StringMap): StringMap {
  if (given[uuidKey] !== another.id) return given;
  return Object.fromEntries(Object.entries(given).filter(([key, value]) => another.volatile[key] !== value));
}
