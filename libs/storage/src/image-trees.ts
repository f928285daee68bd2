import { randomUUID } from 'node:crypto';
import { readdir, readlink, rename } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeDirectory, removeTree } from '#lib/host';
import type { TreeRole } from './driver.ts';
import { imageLink, type PoolLayout } from './layout.ts';

/** The volume rows of a pool's image trees. A tree without a row is dropped: it goes with its last root. */
export interface ImageRecords {
  known(): Promise<string[]>;
  /** Whether there is such an image, whatever the pool has of it. */
  isImage(fingerprint: string): Promise<boolean>;
  add(fingerprint: string): Promise<void>;
  remove(fingerprint: string): Promise<void>;
}

/**
 * The unpacked images of one pool.
 *
 * INVARIANTS:
 * - `images/<fingerprint>` is always whole, because trees arrive there by rename.
 * - A root is begun while its tree is pinned, so that once the pins are gone the `image` links show all users of a dropped one.
 * - Drops, their undoing and removals run one after the other.
 */
export class ImageTrees {
  readonly #present = new Set<string>();
  readonly #dropped = new Set<string>();
  readonly #arriving = new Map<string, Promise<void>>();
  readonly #pins = new Map<string, number>();
  #last: Promise<unknown> = Promise.resolve();

  readonly #layout: PoolLayout;
  readonly #layered: boolean;
  readonly #kind: TreeRole;
  readonly #records: ImageRecords;

  constructor(layout: PoolLayout, layered: boolean, kind: TreeRole, records: ImageRecords) {
    this.#layout = layout;
    this.#layered = layered;
    this.#kind = kind;
    this.#records = records;
  }

  /** Reads what is there; removes dropped trees that nothing uses. */
  async prepare(): Promise<void> {
    const known = new Set(await this.#records.known());
    for (const fingerprint of await readdir(this.#layout.images)) {
      this.#present.add(fingerprint);
      if (!known.has(fingerprint)) this.#dropped.add(fingerprint);
    }
    for (const fingerprint of [...this.#dropped]) await this.removeUnused(fingerprint);
  }

  has(fingerprint: string): boolean {
    return this.#present.has(fingerprint) && !this.#dropped.has(fingerprint);
  }

  /** Whether roots stand on it, or may. */
  isThere(fingerprint: string): boolean {
    return this.#present.has(fingerprint);
  }

  /** Callers that come while the tree is being made share the work. */
  async ensure(fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void> {
    if (!this.has(fingerprint)) await this.#arrival(fingerprint, unpack);
  }

  /**
   * Runs `work`, which makes roots like such as stand on the tree in another pool, while it is here too: made by `unpack`, where it
   * was not. Of an image that is deleted by now it is a dropped one.
   */
  async underRoots<T>(fingerprint: string, unpack: (directory: string) => Promise<void>, work: () => Promise<T>): Promise<T> {
    return this.pinned(fingerprint, async () => {
      if (!this.#present.has(fingerprint)) await this.#arrival(fingerprint, unpack);
      // Deleted while it arrived, it was dropped here before it was there; and who deletes it from here on, finds it.
      if (this.has(fingerprint) && !(await this.#records.isImage(fingerprint))) await this.drop(fingerprint);
      return work();
    });
  }

  #arrival(fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void> {
    const under = this.#arriving.get(fingerprint);
    if (under) return under;
    const arrival = this.#arrive(fingerprint, unpack).finally(() => this.#arriving.delete(fingerprint));
    this.#arriving.set(fingerprint, arrival);
    return arrival;
  }

  async #arrive(fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void> {
    if (await this.#serially(() => this.#revive(fingerprint))) return;
    const place = join(this.#layout.unpacking, randomUUID());
    try {
      await makeDirectory(place);
      await unpack(place);
      await this.#kind.take(join(place, basename(this.#layout.tree(fingerprint))));
      await removeTree(this.#layout.image(fingerprint));
      await rename(place, this.#layout.image(fingerprint));
      await this.#records.add(fingerprint);
      this.#present.add(fingerprint);
    } catch (error) {
      await removeTree(place);
      throw error;
    }
  }

  /** The same image came again while roots still held its tree. */
  async #revive(fingerprint: string): Promise<boolean> {
    if (!this.#dropped.has(fingerprint)) return false;
    await this.#records.add(fingerprint);
    return this.#dropped.delete(fingerprint);
  }

  /** Runs `work`, which makes a root or reads the tree, while it cannot go. `work` must check first that it is there. */
  async pinned<T>(fingerprint: string, work: () => Promise<T>): Promise<T> {
    this.#pins.set(fingerprint, (this.#pins.get(fingerprint) ?? 0) + 1);
    try {
      return await work();
    } finally {
      const pins = (this.#pins.get(fingerprint) ?? 1) - 1;
      if (pins > 0) this.#pins.set(fingerprint, pins);
      else this.#pins.delete(fingerprint);
      if (this.#dropped.has(fingerprint)) await this.removeUnused(fingerprint);
    }
  }

  /** The image is deleted: its tree goes now, or with its last root. */
  async drop(fingerprint: string): Promise<void> {
    await this.#arriving.get(fingerprint)?.catch(() => {});
    await this.#serially(async () => {
      await this.#records.remove(fingerprint);
      if (this.#present.has(fingerprint)) this.#dropped.add(fingerprint);
      await this.#remove(fingerprint);
    });
  }

  /** The image of a root, if it is a dropped one. */
  async droppedImageOf(root: string): Promise<string | null> {
    if (this.#dropped.size === 0) return null;
    const fingerprint = basename(await readlink(join(root, imageLink)).catch(() => ''));
    return this.#dropped.has(fingerprint) ? fingerprint : null;
  }

  /** After a root of a dropped tree was removed. */
  async removeUnused(fingerprint: string): Promise<void> {
    await this.#serially(() => this.#remove(fingerprint));
  }

  async #remove(fingerprint: string): Promise<void> {
    if (!this.#dropped.has(fingerprint) || this.#pins.has(fingerprint)) return;
    if (this.#layered && (await this.#used(fingerprint))) return;
    const place = join(this.#layout.unpacking, randomUUID());
    await rename(this.#layout.image(fingerprint), place);
    this.#present.delete(fingerprint);
    this.#dropped.delete(fingerprint);
    await removeTree(place);
  }

  async #used(fingerprint: string): Promise<boolean> {
    for (const id of await readdir(this.#layout.volumes)) {
      const link = await readlink(join(this.#layout.volume(id), imageLink)).catch(() => '');
      if (basename(link) === fingerprint) return true;
    }
    return false;
  }

  #serially<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => {});
    return turn;
  }
}
