import { randomUUID } from 'node:crypto';
import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { dropLink, exists, isErrno, makeDirectory, pointLink, removeTree } from '#lib/host';
import type { PoolRow } from '#lib/store';
import { type Chain, flagsOf, type RootPlace, type StorageDriver } from './driver.ts';
import { type ImageRecords, ImageTrees } from './image-trees.ts';
import { imageLink, PoolLayout } from './layout.ts';
import { preparePlace } from './pool-place.ts';
import type { NewRoot, RootName } from './storage.ts';

/** A pool of this host: its row, driver and directories. */
export class OpenPool {
  readonly layout: PoolLayout;
  readonly trees: ImageTrees;
  ready = false;
  #preparing: Promise<void> | null = null;

  constructor(
    readonly row: PoolRow,
    readonly driver: StorageDriver,
    records: ImageRecords,
  ) {
    this.layout = new PoolLayout(row.config.source ?? '');
    this.trees = new ImageTrees(this.layout, flagsOf(driver).layered, records);
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
      await preparePlace(this.layout);
      await this.driver.pool.prepare(this.layout.directory);
      await this.trees.prepare();
      this.ready = true;
    } catch (error) {
      throw new LxError('pool.unusable', { path: this.layout.directory, reason: (error as Error).message }, { cause: error });
    }
  }

  /** Where a root is. */
  place(id: string): RootPlace {
    return { directory: this.layout.volume(id), pool: this.layout.directory };
  }

  /** What a root of this image stands on. */
  chain(image: string | null): Chain {
    return image === null ? [] : [join(this.layout.image(image), 'rootfs')];
  }

  /** LxError 'image.not_found' when the image's tree is not there. */
  async createRoot(root: NewRoot): Promise<void> {
    const { id, image } = root;
    const make = async () => {
      const place = this.place(id);
      await makeDirectory(place.directory);
      if (image !== null && flagsOf(this.driver).layered) await linkImage(place.directory, image);
      await this.driver.create.create(place, this.chain(image));
    };
    if (image === null) return make();
    await this.trees.pinned(image, async () => {
      if (!this.trees.has(image)) throw new LxError('image.not_found');
      await make();
    });
  }

  /** A root like another one, which is not changed meanwhile. */
  async copyRoot(from: string, to: string, image: string | null): Promise<void> {
    await this.#copy(this.place(from), this.place(to), image);
  }

  /** Killed between the two renames, the call that follows finds no root and puts the copy there. */
  async restoreRoot(from: string, to: string, image: string | null): Promise<void> {
    await this.#copy(this.place(from), this.#staged(from, to), image);
    const { directory } = this.place(to);
    const old = join(this.layout.unpacking, randomUUID());
    if (await exists(directory)) await rename(directory, old);
    await rename(this.#staged(from, to).directory, directory);
    await removeTree(old);
  }

  async #copy(from: RootPlace, to: RootPlace, image: string | null): Promise<void> {
    const { driver } = this;
    if (!driver.copy) throw new LxError('request.unsupported', { what: `a copy of a root on a pool of the driver ${driver.name}` });
    await makeDirectory(to.directory);
    if (image !== null && flagsOf(driver).layered) await linkImage(to.directory, image);
    await driver.copy.copy(from, to);
  }

  /** Where a root is made that is to take the place of another; swept at start, as all that is half made. */
  #staged(from: string, to: string): RootPlace {
    return { directory: join(this.layout.unpacking, `${to}.${from}`), pool: this.layout.directory };
  }

  async deleteRoot(root: RootName): Promise<void> {
    const { directory } = this.place(root.id);
    const image = flagsOf(this.driver).layered ? await this.trees.droppedImageOf(directory) : null;
    if (!root.name.includes('/')) await dropLink(...this.layout.link(root));
    await removeTree(directory);
    if (image !== null) await this.trees.removeUnused(image);
  }

  async link(root: RootName, formerly?: string): Promise<void> {
    if (formerly !== undefined) await dropLink(...this.layout.link({ ...root, name: formerly }));
    await pointLink(...this.layout.link(root));
  }
}

async function linkImage(directory: string, image: string): Promise<void> {
  await symlink(join('..', '..', 'images', image), join(directory, imageLink)).catch((error: unknown) => {
    if (!isErrno(error, 'EEXIST')) throw error;
  });
}
