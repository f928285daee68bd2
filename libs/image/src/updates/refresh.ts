import { defineOperation, type OperationSpec } from '#lib/engine';
import type { ImageRow, Store } from '#lib/store';
import { unlessMissing } from '#lib/store';
import type { LocalImages } from '../local-images.ts';
import type { Announce, PoolTrees } from '../operations.ts';

export type ImageRefreshParams = { project: string; fingerprint: string };
type ImageRefreshState = { newest: string };

/**
 * Looks for a newer one of an image where it came from, and puts it in the image's place: with its names and flags. An image of
 * which there is no newer one stays as it is. A crash does not undo what was fetched: it goes on.
 */
export function imageRefresh(
  images: LocalImages,
  trees: PoolTrees,
  announce: Announce,
): OperationSpec<ImageRefreshParams, ImageRefreshState> {
  const isReplaced = ({ fingerprint }: ImageRefreshParams, { newest }: Partial<ImageRefreshState>) =>
    newest !== undefined && newest !== fingerprint;
  return defineOperation<ImageRefreshParams, ImageRefreshState>({
    kind: 'image.refresh',
    onCrash: 'resume',
    steps: [
      {
        name: 'fetch',
        async do({ params: { project, fingerprint }, state, signal, progress }) {
          const row = await images.resolve(project, { fingerprint });
          const tell = (text: string) => progress({ download_progress: text });
          state.newest = (await images.newest(row, { progress: tell, signal })).fingerprint;
          progress({ refreshed: state.newest !== fingerprint });
        },
      },
      {
        name: 'replace',
        async do() {},
        async commit({ params, state }, store) {
          if (isReplaced(params, state)) await replace(store, params, state.newest ?? '');
        },
      },
      {
        name: 'remove',
        async do({ params, state }) {
          if (!isReplaced(params, state)) return;
          await images.files.remove(params.fingerprint);
          await trees.drop(params.fingerprint);
          announce('image-refreshed', params.project, state.newest ?? '');
        },
      },
    ],
  });
}

/** The names go over, and the row goes. */
async function replace(store: Store, { project, fingerprint }: ImageRefreshParams, newest: string): Promise<void> {
  for (const alias of await store.images.aliases(project))
    if (alias.fingerprint === fingerprint) await store.images.updateAlias(project, alias.name, { fingerprint: newest });
  await store.images.delete(project, fingerprint).catch(unlessMissing);
}

/** Whether a row is looked after unasked. */
export function isRenewed(row: ImageRow): boolean {
  return row.autoUpdate && row.origin !== null;
}
