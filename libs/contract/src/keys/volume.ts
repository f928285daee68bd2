import type { StringMap } from '#lib/base';
import { defineKeys, isKeyText, type KeyCatalogue, keyRow, readKey } from './define.ts';
import { volumeSnapshotSchedule } from './schedule.ts';
import { snapshotRows } from './snapshots.ts';
import { bool, bytes, text } from './types.ts';

/** What may be configured on a custom volume. */
export const customVolumeKeys = defineKeys('storage.volume', {
  size: {
    type: bytes,
    doc: 'How many bytes it may take, on a pool whose driver has quotas (btrfs); 0: any number. What it shares with others counts as well.',
    live: true,
    readWhenUsed: true,
  },
  'security.shifted': {
    type: bool,
    doc: 'Whether instances with other ids on the host may share it. Here they always may: what it holds is kept with the ids that are seen inside, and each mount maps them.',
    default: 'false',
    live: true,
    readWhenUsed: true,
  },
  'security.unmapped': {
    type: bool,
    doc: 'Whether it shows with the ids of the host, so that its files belong to nobody inside. Not together with `security.shifted`.',
    default: 'false',
    live: false,
  },
  ...snapshotRows,
  'snapshots.schedule': {
    type: volumeSnapshotSchedule,
    doc: 'When snapshots are taken by themselves: as for instances, but for @startup.',
    live: true,
    readWhenUsed: true,
  },
  'user.*': { type: text, doc: 'Free for users; can be searched.', live: true, readWhenUsed: true },
});

/** Options of LXD's volumes that this version refuses because nothing would act on them. */
const unsupported = ['block.', 'volatile.', 'zfs.', 'lvm.'];

/** Every problem of a custom volume's config, in LXD's words. */
export function volumeConfigProblems(project: string, name: string, config: StringMap): string[] {
  const volume = JSON.stringify(`${project}_${name}`);
  const each = Object.entries(config).flatMap(([key, value]) => {
    const option = JSON.stringify(key);
    if (!isKeyText(key)) return [`Invalid option for volume ${volume} option ${option}: it holds control characters`];
    const row = keyRow(customVolumeKeys as KeyCatalogue, key);
    if (row)
      return value === '' || row.type.accepts(value)
        ? []
        : [`Invalid value for volume ${volume} option ${option}: it must be ${row.type.name}`];
    const known = unsupported.some((each) => (each.endsWith('.') ? key.startsWith(each) : key === each));
    return [
      known
        ? `Option for volume ${volume} not supported by this server: ${option}`
        : `Invalid option for volume ${volume} option ${option}`,
    ];
  });
  if (each.length > 0) return each;
  const shifts = (key: 'security.shifted' | 'security.unmapped') => readKey(customVolumeKeys, config, key);
  return shifts('security.shifted') && shifts('security.unmapped') ? ['security.unmapped and security.shifted are mutually exclusive'] : [];
}
