import type { StringMap } from '#lib/base';
import { isTrue, LxError } from '#lib/contract';
import type { MountFlag, Place } from '#lib/host';
import type { AttachedDevice, DeviceLife } from '../../device-type.ts';
import { insidePath } from '../../inside-path.ts';
import { mountOptions } from './options.ts';
import { isRootDisk } from './root.ts';

/** What is recorded of a disk that is a path of the host. */
export type AttachedDisk = AttachedDevice & {
  type: 'disk';
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
    const { source, recursive, required, shift } = options;
    return {
      type: 'disk',
      device,
      source: insidePath(source),
      target: insidePath(options.path),
      recursive: isTrue(recursive),
      required: isTrue(required, true),
      shift: isTrue(shift),
      flags: flagsOf(options),
    };
  },

  async attach({ places }, _owner, attached) {
    const { device, source, target, recursive, shift, required, flags } = attached;
    const place = await places.look(source);
    if (place === null && !required) return {};
    const problem = sourceProblem(device, source, place);
    if (problem) throw new LxError('device.not_started', { device, reason: problem });
    const layer = { path: source, idmapped: shift, readonly: flags.includes('readonly'), optional: false, recursive, plain: true };
    return { mounts: [{ layer, target, create: place?.kind === 'directory' ? 'directory' : 'file', flags }] };
  },

  async detach() {},

  inside: ({ target }) => ({ mounts: [{ target, remove: false }] }),

  changed: (attached) => attached,

  async update() {},

  shown: () => ({}),
};

/** Why a path of the host cannot be a disk; null: it can. */
export function sourceProblem(device: string, source: string, place: Place | null): string | null {
  if (place === null) return `Missing source path "${source}" for disk "${device}"`;
  if (place.linked) return `Source path "${source}" for disk "${device}" leads through a symbolic link: name where it leads to`;
  if (place.kind === 'directory' || place.kind === 'file') return null;
  return `Source path "${source}" for disk "${device}" is neither a directory nor a file`;
}

/** Device nodes in it would be those of the host: they never open. */
function flagsOf({ readonly, 'raw.mount.options': raw }: StringMap): MountFlag[] {
  const asked = (raw ? raw.split(',') : []).map((each) => mountOptions[each as keyof typeof mountOptions]);
  return [...new Set<MountFlag>([...(isTrue(readonly) ? (['readonly'] as const) : []), 'nodev', ...asked])];
}
