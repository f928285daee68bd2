import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type CopyWishes, exists, isErrno, makeDirectory, removeTree } from '#lib/host';
import type { Chain, LayerRole, RootPlace } from '../driver.ts';
import type { PoolLayout } from '../layout.ts';
import { none, own } from './stacks.ts';

/**
 * Where the layers of a pool are, and how one comes.
 *
 * INVARIANT: a layer has its name for good, and what is sealed has its content for good, whatever the pool: two pools that have
 * layers of one name have the same.
 */
export class Layers {
  readonly #layout: PoolLayout;
  readonly #role: LayerRole;

  constructor(layout: PoolLayout, role: LayerRole) {
    this.#layout = layout;
    this.#role = role;
  }

  /** Of the volume `id`: of its layer, or of its own directory. */
  place(id: string, layer: string): RootPlace {
    const directory = layer === own || layer === none ? this.#layout.volume(id) : this.#layout.layer(layer);
    return { directory, pool: this.#layout.directory };
  }

  /** The directory that makes a layer one. */
  changes(layer: string): string {
    return this.#role.changes(this.place('', layer));
  }

  chain(below: readonly string[], image: string | null): Chain {
    const layers = below.map((layer) => this.changes(layer));
    return image === null ? layers : [...layers, this.#layout.tree(image)];
  }

  /** Makes a layer aside, so that one that has its name is whole; does nothing where it is there. */
  async make(layer: string, make: (staged: RootPlace) => Promise<void>): Promise<void> {
    if (await exists(this.changes(layer))) return;
    await this.aside(async (staged) => {
      await make(staged);
      await rename(staged.directory, this.#layout.layer(layer)).catch((error: unknown) => {
        // Somebody else has brought the same one meanwhile.
        if (!isErrno(error, 'EEXIST', 'ENOTEMPTY')) throw error;
      });
    });
  }

  /** Makes the layer of another pool present, under its name. */
  async bring(from: Layers, layer: string, wishes: CopyWishes): Promise<void> {
    await this.make(layer, (staged) => this.#role.copy([from.place('', layer)], staged, null, wishes));
  }

  /** A directory that goes when `work` has ended. */
  async aside<T>(work: (staged: RootPlace) => Promise<T>): Promise<T> {
    const staged = { directory: join(this.#layout.unpacking, randomUUID()), pool: this.#layout.directory };
    try {
      await makeDirectory(staged.directory);
      return await work(staged);
    } finally {
      await removeTree(staged.directory);
    }
  }
}
