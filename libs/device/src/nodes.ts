import type { StringMap } from '#lib/base';
import { keyTypes, LxError } from '#lib/contract';
import type { DeviceMount, DeviceNode, HostDevice } from '#lib/host';
import type { AttachedDevice, DeviceLife, FoundNode } from './device-type.ts';

const { integer, keyType } = keyTypes;
const id = integer({ min: 0, max: 0xfffffffe });
const mode = keyType('an octal number', (value) => /^0?[0-7]{3}$/.test(value));

/** A number of a vendor or a product. */
export const hardwareId = keyType('four lower case hex characters', (value) => /^[0-9a-f]{4}$/.test(value));

/** Whose a node is inside. */
export type NodeOwner = { mode: number; uid: number; gid: number };

/** The rows that say it, of every type that gives nodes. */
export const ownerOptions = {
  mode: { type: mode, doc: 'Permissions of the node inside.', default: '0660', live: false },
  uid: { type: id, doc: 'Owner inside.', default: '0', live: false },
  gid: { type: id, doc: 'Group inside.', default: '0', live: false },
} as const;

export function nodeOwner(options: StringMap): NodeOwner {
  return { mode: Number.parseInt(options.mode || '660', 8), uid: Number(options.uid || 0), gid: Number(options.gid || 0) };
}

/** The mount that brings the guest a node of its own, with the numbers of the host's. */
export function nodeMount({ path, kind, major, minor }: FoundNode, target: string, { mode, uid, gid }: NodeOwner): DeviceMount {
  const node: DeviceNode = { kind, major, minor, mode, uid, gid };
  return { layer: { path, idmapped: false, readonly: false, optional: false, node }, target, create: 'file', flags: [] };
}

/** Whether a device is, or is a part of, what these ids say; one that is not said is any. */
export function isHardware({ hardware }: HostDevice, { vendorid, productid }: StringMap): boolean {
  return hardware !== null && (!vendorid || hardware.vendor === vendorid) && (!productid || hardware.product === productid);
}

/** What is recorded of a device that is looked for among those of the host. */
export type AttachedNodes = AttachedDevice & NodeOwner & { required: boolean };

interface Search {
  type: string;
  /** Those of the host's that are meant. */
  chosen: (devices: readonly HostDevice[], options: StringMap) => readonly HostDevice[];
  required: (options: StringMap) => boolean;
  /** Why an instance that needs one does not start. */
  lack: (options: StringMap) => string;
}

/** The life of devices that are looked for among those of the host, each with a node at the path that it has there. */
export function searchedLife({ type, chosen, required, lack }: Search): DeviceLife {
  const life: DeviceLife<AttachedNodes> = {
    async find({ devices }, options) {
      const found = chosen(await devices.list(), options).map(({ path, kind, major, minor }) => ({ path, kind, major, minor }));
      return found.sort((a, b) => (a.path < b.path ? -1 : 1));
    },
    choose: (_owner, device, options) => ({ type, device, required: required(options), ...nodeOwner(options) }),
    awaits: (attached) => (attached.required ? null : { paths: [] }),
    async attach(_ports, _owner, { device, options, found = [], required: needed, ...owned }) {
      if (needed && found.length === 0) throw new LxError('device.not_started', { device, reason: lack(options) });
      return { mounts: found.map((each) => nodeMount(each, each.path, owned)) };
    },
    async detach() {},
    inside: ({ found = [] }) => ({ mounts: found.map(({ path }) => ({ target: path, remove: true })) }),
    changed: (attached) => attached,
    async update() {},
    shown: () => ({}),
  };
  return life as unknown as DeviceLife;
}
