import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, removeTree } from '#lib/host';
import { copyTree } from '../../copy-tree.ts';
import type { CopyRole, CreateRole, RootPlace, UsageRole, ViewRole } from '../../driver.ts';

const rootOf = (place: RootPlace) => join(place.directory, 'rootfs');

export const dirView: ViewRole = {
  recipe(place) {
    return {
      layers: [{ path: rootOf(place), idmapped: true, readonly: false, optional: false }],
      root: { kind: 'bind', layer: 0 },
    };
  },
};

export const dirCreate: CreateRole = {
  create: (place, chain) => fill(place, chain[0] ?? null),
};

export const dirCopy: CopyRole = {
  copy: (from, to) => fill(to, rootOf(from)),
};

export const dirUsage: UsageRole = {
  async usage() {
    return null;
  },
};

/** The rename at the end makes a copy that was interrupted tell itself from a whole one. */
async function fill(place: RootPlace, from: string | null): Promise<void> {
  if (await exists(rootOf(place))) return;
  const copy = join(place.directory, 'copying');
  await removeTree(copy);
  if (from === null) await mkdir(copy, { mode: 0o755 });
  else await copyTree(from, copy);
  await rename(copy, rootOf(place));
}
