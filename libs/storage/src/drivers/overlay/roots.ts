import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { copyDifferences, directoryLike, exists, isDirectoryLike, makeDirectory, mergeLayers, removeTree } from '#lib/host';
import { cutTree } from '../../copy-tree.ts';
import type { Chain, CreateRole, FillRole, LayerRole, RootPlace, UsageRole, ViewRole } from '../../driver.ts';
import { emptyLower } from './pool.ts';

const upperOf = ({ directory }: RootPlace) => join(directory, 'upper');
const workOf = ({ directory }: RootPlace) => join(directory, 'work');
const lowerOf = (place: RootPlace, chain: Chain) => (chain.length > 0 ? chain : [join(place.pool, emptyLower)]);

export const overlayView: ViewRole = {
  recipe(place, chain) {
    const lower = lowerOf(place, chain);
    return {
      layers: [
        ...lower.map((path) => ({ path, idmapped: true, readonly: true, optional: false })),
        { path: place.directory, idmapped: true, readonly: false, optional: false },
      ],
      root: { kind: 'overlay', lower: lower.map((_, layer) => layer), upper: lower.length },
    };
  },
};

export const overlayCreate: CreateRole = {
  /** The merged root shows the upper's owner, mode, times and attributes, so they must be those of the layer below (overlayfs.rst). */
  async create(place, chain) {
    await Promise.all([directoryLike(lowerOf(place, chain)[0] ?? '', upperOf(place)), makeDirectory(workOf(place))]);
  },
};

export const overlayFill: FillRole = {
  /** A tree over nothing is changes: what it has, and nothing that it takes away. */
  async fill(place, tree) {
    await makeDirectory(workOf(place));
    await rename(tree, upperOf(place));
  },
};

export const overlayLayers: LayerRole = {
  changes: upperOf,

  untouched: (place, chain) => isDirectoryLike(upperOf(place), lowerOf(place, chain)[0] ?? ''),

  /** Whiteouts are device nodes and opaque directories have attributes (overlayfs.rst): a copy has both. */
  async copy([from, ...below], to, still, wishes) {
    await makeDirectory(workOf(to));
    if (!from || (await exists(upperOf(to)))) return;
    const cut = join(to.directory, 'cut');
    await removeTree(cut);
    if (below.length > 0 && still === null) {
      await mergeLayers([from, ...below].map(upperOf), cut, wishes);
    } else {
      await cutTree(upperOf(from), cut, still, wishes);
      if (below.length > 0) await mergeInto(cut, below);
    }
    await rename(cut, upperOf(to));
  },

  async differ(tree, base, to, wishes) {
    await makeDirectory(workOf(to));
    await copyDifferences(tree, base, upperOf(to), wishes);
  },
};

/** The layers below never change, so nobody needs to wait for them. */
async function mergeInto(cut: string, below: readonly RootPlace[]): Promise<void> {
  const merged = `${cut}.merged`;
  await removeTree(merged);
  await mergeLayers([cut, ...below.map(upperOf)], merged);
  await removeTree(cut);
  await rename(merged, cut);
}

// Telling an upper's size means walking it.
export const overlayUsage: UsageRole = {
  async usage() {
    return null;
  },
};
