import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isLxError, LxError } from '#lib/contract';
import { dropLink, makeDirectory, pointLink, removeTree } from '#lib/host';
import type { PoolRow } from '#lib/store';
import type { StorageDriver, TreeRole } from './driver.ts';
import { type ImageRecords, ImageTrees } from './image-trees.ts';
import { LayeredRoots } from './keep/layered-roots.ts';
import type { RootKeeper, Source } from './keep/root-keeper.ts';
import { WholeRoots } from './keep/whole-roots.ts';
import { PoolLayout } from './layout.ts';
import { plainTrees } from './plain-trees.ts';
import { preparePlace } from './pool-place.ts';
import { openSite, type PoolSite } from './pool-site.ts';
import type { RootName } from './storage.ts';

/** A pool of this host: its row, driver and directories. */
export class OpenPool {
  readonly layout: PoolLayout;
  /** What trees of the pool are, and how they come to be. */
  readonly kind: TreeRole;
  readonly trees: ImageTrees;
  readonly roots: RootKeeper;
  /** The same, where roots stand on layers; null: each is whole. */
  readonly layered: LayeredRoots | null;
  ready = false;
  #preparing: Promise<void> | null = null;

  constructor(
    readonly row: PoolRow,
    readonly driver: StorageDriver,
    readonly site: PoolSite,
    records: ImageRecords,
  ) {
    this.layout = new PoolLayout(site.directory);
    this.kind = driver.trees ?? plainTrees;
    this.trees = new ImageTrees(this.layout, driver.layers !== undefined, this.kind, records);
    this.layered = driver.layers ? new LayeredRoots(this.layout, driver, driver.layers) : null;
    this.roots = this.layered ?? new WholeRoots(this.layout, driver);
  }

  /** Once; again after it failed (the disk may have been mounted meanwhile). LxError 'pool.unusable'. */
  prepare(): Promise<void> {
    if (this.ready) return Promise.resolve();
    this.#preparing ??= this.#prepare().finally(() => {
      this.#preparing = null;
    });
    return this.#preparing;
  }

  async #prepare(): Promise<void> {
    try {
      await openSite(this.site, this.driver);
      await preparePlace(this.layout);
      await this.driver.pool.prepare(this.layout.directory);
      await this.roots.prepare();
      await this.trees.prepare();
      this.ready = true;
    } catch (error) {
      if (isLxError(error, 'pool.unusable')) throw error;
      throw new LxError('pool.unusable', { path: this.layout.directory, reason: (error as Error).message }, { cause: error });
    }
  }

  /** Of a tree of the pool, as `Roots.bound`. LxError 'pool.no_quota'. */
  async bound(tree: string, bytes: number | null): Promise<void> {
    const { quota } = this.driver;
    if (quota) await quota.limit(tree, bytes);
    else if (bytes !== null) throw noQuota(this.row);
  }

  /** LxError 'image.not_found' when the image's tree is not there. */
  async createRoot({ id, image }: Source, how: 'create' | 'createSuccessor' = 'create'): Promise<void> {
    if (image === null) return this.roots[how]({ id, image });
    await this.trees.pinned(image, async () => {
      if (!this.trees.has(image)) throw new LxError('image.not_found');
      await this.roots[how]({ id, image });
    });
  }

  async replaceRoot(id: string, successor: string): Promise<void> {
    const image = this.driver.layers ? await this.trees.droppedImageOf(this.layout.volume(id)) : null;
    await this.roots.replace(id, successor);
    if (image !== null) await this.trees.removeUnused(image);
  }

  async deleteRoot(root: RootName): Promise<void> {
    if (!root.name.includes('/')) await dropLink(...this.layout.link(root));
    await this.removeRoot(root.id);
  }

  /** All but its link. */
  async removeRoot(id: string): Promise<void> {
    const image = this.layered ? await this.trees.droppedImageOf(this.layout.volume(id)) : null;
    await this.roots.remove(id);
    if (image !== null) await this.trees.removeUnused(image);
  }

  /** Runs `work` with a directory for what it makes; it goes when that has ended. */
  async arriving<T>(work: (directory: string) => Promise<T>): Promise<T> {
    const directory = join(this.layout.unpacking, randomUUID());
    try {
      await makeDirectory(directory);
      return await work(directory);
    } finally {
      await removeTree(directory);
    }
  }

  async link(root: RootName, formerly?: string): Promise<void> {
    if (formerly !== undefined) await dropLink(...this.layout.link({ ...root, name: formerly }));
    await pointLink(...this.layout.link(root));
  }
}

export function noQuota({ name, driver }: Pick<PoolRow, 'name' | 'driver'>): LxError<'pool.no_quota'> {
  return new LxError('pool.no_quota', { pool: name, driver });
}
