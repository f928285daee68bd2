import { defineKeys, type KeyCatalogue } from './define.ts';
import { bytes, keyType, text } from './types.ts';

const absolutePath = keyType(
  'an absolute path without . or .. components',
  (value) => value.startsWith('/') && !value.includes('\0') && !value.split('/').some((part) => part === '..' || part === '.'),
);

const rows = {
  source: {
    type: absolutePath,
    doc: 'Directory that holds the pool; set at creation only. Unset: a directory of the server.',
    live: false,
  },
  'user.*': { type: text, doc: 'Free for users; can be searched.', live: true },
  'volatile.initial_source': { type: text, doc: 'The source as it was given at creation.', live: false },
} as const;

/** What of mount(8)'s options a pool cannot have: it is written to, and where it is and on what the server says. */
const foreignOptions = new Set(['ro', 'subvol', 'subvolid', 'device', 'remount', 'bind', 'loop', 'norecovery']);

const mountOptions = keyType(
  'a list of mount options with commas, such as compress=zstd,noatime',
  (value) =>
    value
      .split(',')
      .every((each) => /^[a-z][a-z0-9_]*(=[^\s\p{Cc},]{1,200})?$/u.test(each) && !foreignOptions.has(each.split('=')[0] ?? '')),
  (value) => value.split(','),
);

const btrfsRows = {
  ...rows,
  source: {
    type: absolutePath,
    doc: 'A directory on a btrfs, or a block device without a file system, which gets one; set at creation only. Unset: a file `disks/<pool>.img` of the server, mounted by a loop device.',
    live: false,
  },
  size: {
    type: bytes,
    doc: 'Size of the file that the server makes for the pool; it can grow later. Unset: a fifth of the free space, from 5 to 30 GiB.',
    live: true,
  },
  'btrfs.mount_options': {
    type: mountOptions,
    doc: 'Options of the mount, with commas, of a pool that the server mounts; a change counts from the next mount.',
    default: 'user_subvol_rm_allowed',
    live: false,
  },
} as const;

/** What may be configured on a pool of the driver btrfs. */
export const btrfsPoolKeys = defineKeys('storage.btrfs', btrfsRows);

/** What may be configured on a storage pool, by driver. */
export const poolKeys: Readonly<Record<string, KeyCatalogue>> = {
  overlay: defineKeys('storage.overlay', rows),
  dir: defineKeys('storage.dir', rows),
  btrfs: btrfsPoolKeys,
};
