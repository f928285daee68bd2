import { join } from 'node:path';
import { rmdir } from 'node:fs/promises';
import { LxError } from '#lib/contract';
import { type CopyWishes, removeTree, withMergedTree } from '#lib/host';
import { copyTree } from './copy-tree.ts';
import type { LayeredRoots } from './keep/layered-roots.ts';
import type { Arrival, Source } from './keep/root-keeper.ts';
import type { OpenPool } from './open-pool.ts';
import { Tally } from './tally.ts';

/** What comes of one root or snapshot of the other pool. */
export interface Crossing extends Arrival {
  of: Source;
}

/**
 * The image on whose layer a copy in another pool stands, or of which a whole one was made; null: none. Both pools are prepared. What
 * comes from another driver is compared with the image's tree, where there is still one.
 */
export function imageAcross(from: OpenPool, to: OpenPool, image: string | null): string | null {
  if (image === null || to.layered === null || to.driver === from.driver) return image;
  return from.trees.isThere(image) || to.trees.isThere(image) ? image : null;
}

/** What roots and snapshots that come stand on. */
export interface Ground {
  /** As `imageAcross` says, or that of a root which is there. */
  image: string | null;
  /** A root of the pool that does not run and is much like them; null: none is known. */
  upon: Source | null;
}

/** Makes roots and snapshots, in this order, like those of another pool, or of the same one that stand on another image. */
export async function cross(
  from: OpenPool,
  to: OpenPool,
  ground: Ground,
  crossings: readonly Crossing[],
  wishes: CopyWishes,
): Promise<void> {
  const tally = new Tally(wishes);
  const { layered } = to;
  if (layered) {
    const alike = to.driver === from.driver && crossings.every(({ of }) => of.image === ground.image);
    const others = alike ? from.layered : null;
    return onImage(from, to, ground.image, tally, async () => {
      if (!others) return compared(from, to, layered, ground, crossings, tally);
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

/** Each is what differs from the one before, and the first from the image or from what it is upon. */
async function compared(
  from: OpenPool,
  to: OpenPool,
  layered: LayeredRoots,
  { image, upon }: Ground,
  crossings: readonly Crossing[],
  tally: Tally,
): Promise<void> {
  let stack = upon ? await layered.layersOf(upon) : [];
  await to.arriving(async (directory) => {
    for (const { of, id, isSnapshot, still } of crossings) {
      const whole = join(directory, id);
      const filled = (tree: string) => layered.fillUpon({ id, image }, { tree, isSnapshot, upon: stack }, tally.next());
      const alone = image === null && stack.length === 0;
      if (alone || still) await from.roots.copyOut(of, whole, still, tally.next());
      if (alone) stack = await layered.fillWhole(id, whole, isSnapshot);
      else stack = await (still ? filled(whole) : withMergedTree(await from.roots.trees(of), filled));
      await removeTree(whole);
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
