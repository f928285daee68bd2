import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, removeTree } from '#lib/host';
import type { RootPlace, ViewRole } from './driver.ts';

/** Where a root lies that is one whole tree. */
export const wholeRoot = ({ directory }: RootPlace) => join(directory, 'rootfs');

/** Of drivers whose roots are whole trees: the tree is the instance's root as it is. */
export const boundView: ViewRole = {
  recipe(place) {
    return {
      layers: [{ path: wholeRoot(place), idmapped: true, readonly: false, optional: false }],
      root: { kind: 'bind', layer: 0 },
    };
  },
};

/** Has a whole root made, once. The rename at the end makes one that was interrupted tell itself from a whole one. */
export async function madeOnce(place: RootPlace, make: (directory: string) => Promise<unknown>): Promise<void> {
  if (await exists(wholeRoot(place))) return;
  const copy = join(place.directory, 'copying');
  await removeTree(copy);
  await make(copy);
  await rename(copy, wholeRoot(place));
}
