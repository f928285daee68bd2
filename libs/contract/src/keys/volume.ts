import type { StringMap } from '#lib/base';
import { defineKeys, isKeyText, type KeyCatalogue, keyRow } from './define.ts';
import { text } from './types.ts';

/** What may be configured on a custom volume. */
export const customVolumeKeys = defineKeys('storage.volume', {
  'user.*': { type: text, doc: 'Free for users; can be searched.', live: true, readWhenUsed: true },
});

/** Options of LXD's volumes that this version refuses because nothing would act on them. */
const unsupported = ['block.', 'security.', 'size', 'snapshots.', 'volatile.', 'zfs.', 'lvm.'];

/** Every problem of a custom volume's config, in LXD's words. */
export function volumeConfigProblems(project: string, name: string, config: StringMap): string[] {
  const volume = JSON.stringify(`${project}_${name}`);
  return Object.keys(config).flatMap((key) => {
    const option = JSON.stringify(key);
    if (!isKeyText(key)) return [`Invalid option for volume ${volume} option ${option}: it holds control characters`];
    if (keyRow(customVolumeKeys as KeyCatalogue, key) !== null) return [];
    const known = unsupported.some((each) => (each.endsWith('.') ? key.startsWith(each) : key === each));
    return [
      known
        ? `Option for volume ${volume} not supported by this server: ${option}`
        : `Invalid option for volume ${volume} option ${option}`,
    ];
  });
}
