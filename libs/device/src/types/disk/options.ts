import { defineKeys, keyTypes } from '#lib/contract';

const { absolutePath, bool, integer, keyType, oneOf, text } = keyTypes;

/** What `raw.mount.options` may say, and the flag of the mount that it is. */
export const mountOptions = { ro: 'readonly', nosuid: 'nosuid', nodev: 'nodev', noexec: 'noexec' } as const;

const options = keyType(`a list of ${Object.keys(mountOptions).join(', ')}`, (value) =>
  value.split(',').every((each) => Object.hasOwn(mountOptions, each)),
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
    type: oneOf('private', 'rprivate'),
    doc: 'How mounts made later on the host show inside: not at all.',
    default: 'private',
    live: false,
  },
  'raw.mount.options': { type: options, doc: 'More flags of the mount, with commas. Device nodes in a disk never open.', live: false },
  'boot.priority': {
    type: integer({ min: 0, max: 4_294_967_295 }),
    doc: 'Order among the devices that a virtual machine boots from; containers have none.',
    live: true,
    readWhenUsed: true,
  },
});

/** LXD has these too; a disk that has one is refused rather than the option ignored. */
export const unsupportedDiskOptions = ['size', 'size.state', 'limits.', 'ceph.'];

export const isAbsolute = (path: string) => absolutePath.accepts(path);
