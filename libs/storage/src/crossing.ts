import { join } from 'node:path';
import { rmdir } from 'node:fs/promises';
import { LxError } from '#lib/contract';
import type { CopyWishes } from '#lib/host';
import { copyTree } from './copy-tree.ts';
import type { Arrival, Source } from './keep/root-keeper.ts';
import type { OpenPool } from './open-pool.ts';
import { Tally } from './tally.ts';

/** What comes of one root or snapshot of the other pool. */
export interface Crossing extends Arrival {
  of: Source;
}

/**
 * The image whose layer a copy in another pool stands on, or that a whole one was made of; null where it is whole and nobody will
 * know. Layers are the driver's own: another one's roots come as a whole.
 */
export function imageAcross(from: OpenPool, to: OpenPool, image: string | null): string | null {
  return to.layered === null || to.driver === from.driver ? image : null;
}

/** Makes roots and snapshots, in this order, like those of another pool; `image` is what `imageAcross` says of them. */
export async function cross(
  from: OpenPool,
  to: OpenPool,
  image: string | null,
  crossings: readonly Crossing[],
  wishes: CopyWishes,
): Promise<void> {
  const tally = new Tally(wishes);
  const { layered } = to;
  const others = to.driver === from.driver && crossings.every(({ of }) => of.image === image) ? from.layered : null;
  if (layered && others) {
    return onImage(from, to, image, tally, async () => {
      for (const { of, ...arrival } of crossings) await layered.receive(others, of, arrival, () => tally.next());
    });
  }
  await to.arriving(async (directory) => {
    for (const { of, id, isSnapshot, still } of crossings) {
      const tree = join(directory, id);
      await from.roots.copyOut(of, tree, still, tally.next());
      await to.roots.fill(id, tree, isSnapshot);
    }
  });
}

/** With the image's tree in the other pool, too, as long as roots are made on it. */
function onImage(from: OpenPool, to: OpenPool, image: string | null, tally: Tally, work: () => Promise<void>): Promise<void> {
  if (image === null) return work();
  const bring = (directory: string) =>
    from.trees.pinned(image, async () => {
      if (!from.trees.isThere(image)) throw new LxError('image.not_found');
      await rmdir(directory);
      await copyTree(from.layout.image(image), directory, tally.next());
    });
  return to.trees.underRoots(image, bring, work);
}
