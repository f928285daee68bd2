import { RowConflict, type Store } from '#lib/store';
import type { ImageRecords } from './image-trees.ts';

/** Image volumes belong to the project `default`, whichever project's instance asked for them first. */
export const imageProject = 'default';

export function imageRecords(store: Store, poolId: string): ImageRecords {
  return {
    async known() {
      const rows = await store.volumes.list(poolId);
      return rows.filter((row) => row.type === 'image').map((row) => row.name);
    },
    async isImage(fingerprint) {
      return (await store.images.fingerprints()).includes(fingerprint);
    },
    async add(fingerprint) {
      const row = {
        poolId,
        project: imageProject,
        name: fingerprint,
        type: 'image',
        contentType: 'filesystem',
        description: '',
        config: {},
      } as const;
      await store.volumes.insert(row).catch((error: unknown) => {
        if (!(error instanceof RowConflict)) throw error;
      });
    },
    async remove(fingerprint) {
      const row = await store.volumes.get(poolId, imageProject, 'image', fingerprint);
      if (row !== null) await store.volumes.delete(row.id);
    },
  };
}
