import type { StringMap } from '#lib/base';
import { isLxError, isTrue, LxError } from '#lib/contract';
import type { MountFlag, Place } from '#lib/host';
import type { AttachedDevice, DeviceLife, DeviceOwner, DevicePorts } from '../../device-type.ts';
import { insidePath } from '../../inside-path.ts';
import { mountOptions } from './options.ts';
import { isRootDisk } from './root.ts';
import { isVolume, noVolume } from './volume.ts';

/** What is recorded of a disk that is a path of the host or a custom volume. */
export type AttachedDisk = AttachedDevice & {
  type: 'disk';
  /** Of a custom volume; absent for a path of the host. */
  pool?: string;
  /** The volume's name, or the path. */
  source: string;
  /** Inside, absolute. */
  target: string;
  recursive: boolean;
  required: boolean;
  shift: boolean;
  flags: MountFlag[];
};

export const diskLife: DeviceLife<AttachedDisk> = {
  choose(_owner, device, options) {
    if (isRootDisk(options)) return null;
    const { pool = '', source = '', recursive, required, shift } = options;
    return {
      type: 'disk',
      device,
      ...(isVolume(options) ? { pool, source } : { source: insidePath(source) }),
      target: insidePath(options.path),
      recursive: isTrue(recursive),
      required: isTrue(required, true),
      shift: isTrue(shift),
      flags: flagsOf(options),
    };
  },

  async attach(ports, owner, attached) {
    const { device, target, recursive, required, flags } = attached;
    const { path, mapped, plain, bounded } = await sourceOf(ports, owner, attached);
    const place = await ports.places.look(path);
    if (place === null && !required) return {};
    const problem = sourceProblem(device, path, place && { ...place, linked: plain && place.linked });
    if (problem) throw new LxError('device.not_started', { device, reason: problem });
    const layer = { path, idmapped: mapped, readonly: flags.includes('readonly'), optional: false, recursive, plain };
    return { mounts: [{ layer, target, create: place?.kind === 'directory' ? 'directory' : 'file', flags }], bounded };
  },

  async detach() {},

  inside: ({ target }) => ({ mounts: [{ target, remove: false }] }),

  changed: (attached) => attached,

  async update() {},

  shown: () => ({}),
};

/** `plain`: others may write on the way there, so that no symbolic link may be followed. */
async function sourceOf({ storage }: DevicePorts, { project }: DeviceOwner, { device, pool, source, shift }: AttachedDisk) {
  if (pool === undefined) return { path: source, mapped: shift, plain: true, bounded: false };
  const volume = await storage.volumes.custom(pool, project, source).catch((error: unknown) => {
    throw isLxError(error, 'volume.not_found') ? new LxError('device.not_started', { device, reason: noVolume }, { cause: error }) : error;
  });
  return { path: volume.path, mapped: shift || volume.mapped, plain: false, bounded: volume.bounded };
}

/** Why a path of the host cannot be a disk; null: it can. */
export function sourceProblem(device: string, source: string, place: Place | null): string | null {
  if (place === null) return `Missing source path "${source}" for disk "${device}"`;
  if (place.linked) return `Source path "${source}" for disk "${device}" leads through a symbolic link: name where it leads to`;
  if (place.kind === 'directory' || place.kind === 'file') return null;
  return `Source path "${source}" for disk "${device}" is neither a directory nor a file`;
}

/** Device nodes in it would be those of the host: they never open. */
function flagsOf({ readonly, propagation, 'raw.mount.options': raw }: StringMap): MountFlag[] {
  const asked = (raw ? raw.split(',') : []).map((each) => mountOptions[each as keyof typeof mountOptions]);
  return [
    ...new Set<MountFlag>([
      ...(isTrue(readonly) ? (['readonly'] as const) : []),
      'nodev',
      ...asked,
      ...(/slave$/.test(propagation ?? '') ? (['slave'] as const) : []),
    ]),
  ];
}
