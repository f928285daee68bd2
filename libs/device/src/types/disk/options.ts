import { defineKeys, keyTypes } from '#lib/contract';
import { parseRate } from './rate.ts';

const { absolutePath, bool, bytes, integer, keyType, oneOf, text } = keyTypes;

/** What `raw.mount.options` may say, and the flag of the mount that it is. */
export const mountOptions = { ro: 'readonly', nosuid: 'nosuid', nodev: 'nodev', noexec: 'noexec' } as const;

const options = keyType(`a list of ${Object.keys(mountOptions).join(', ')}`, (value) =>
  value.split(',').every((each) => Object.hasOwn(mountOptions, each)),
);

const rate = keyType(
  'a number of bytes a second such as 10MiB, or of operations a second such as 100iops',
  (value) => parseRate(value) !== null,
);

/** Options of disks. */
export const diskOptions = defineKeys('device.disk', {
  type: { type: oneOf('disk'), doc: 'What the device is.', live: false },
  path: { type: text, doc: 'Where it is mounted inside; `/` for the root.', live: false },
  source: {
    type: text,
    doc: 'Directory or file of the host, by a path without symbolic links: others could make such a link lead elsewhere. With a `pool`: name of a custom volume.',
    live: false,
  },
  size: {
    type: bytes,
    doc: 'Of the root disk alone: how many bytes it may take, the image among them, on a pool whose driver has quotas (btrfs); 0: any number.',
    live: true,
  },
  pool: { type: text, doc: "Storage pool that holds the instance's root volume, or the custom volume that is the source.", live: false },
  readonly: { type: bool, doc: 'Whether it is read-only inside.', default: 'false', live: false },
  required: {
    type: bool,
    doc: 'Whether the instance starts only with the source there. `false`: it starts without the disk.',
    default: 'true',
    live: false,
  },
  recursive: { type: bool, doc: 'With what is mounted below the source.', default: 'false', live: false },
  shift: {
    type: bool,
    doc: "With the instance's own user ids, by an id-mapped mount; otherwise the files of the host belong to nobody inside. Custom volumes are so unless `security.unmapped` is set on them.",
    default: 'false',
    live: false,
  },
  propagation: {
    type: text,
    doc: 'How mounts made later below the source on the host show inside: not at all (`private`, `rprivate`), or as they come and go (`slave`, `rslave`). None of the guest shows on the host.',
    default: 'private',
    live: false,
  },
  'raw.mount.options': { type: options, doc: 'More flags of the mount, with commas. Device nodes in a disk never open.', live: false },
  'limits.read': {
    type: rate,
    doc: 'How much may be read a second, of the whole disk of the host that it is on: of several that are on one the lowest limit counts.',
    live: true,
  },
  'limits.write': {
    type: rate,
    doc: 'The same for writing, as far as it passes by the page cache where control groups are of version 1.',
    live: true,
  },
  'limits.max': { type: rate, doc: 'Both limits.read and limits.write, in place of these.', live: true },
  'boot.priority': {
    type: integer({ min: 0, max: 4_294_967_295 }),
    doc: 'Order among the devices that a virtual machine boots from; containers have none.',
    live: true,
    readWhenUsed: true,
  },
});

/** What `propagation` may say. */
export const propagations: ReadonlySet<string> = new Set(['private', 'rprivate', 'slave', 'rslave']);
/** LXD has these too. */
export const foreignPropagations: ReadonlySet<string> = new Set(['shared', 'rshared', 'unbindable', 'runbindable']);

/** LXD has these too; a disk that has one is refused rather than the option ignored. */
export const unsupportedDiskOptions = ['size.state', 'ceph.'];

export const isAbsolute = (path: string) => absolutePath.accepts(path);
