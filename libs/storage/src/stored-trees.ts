import type { Store } from '#lib/store';
import { imageRecords } from './image-records.ts';
import type { OpenPools } from './open-pools.ts';
import type { Trees } from './storage.ts';

/** Trees of images, in every pool. */
export class StoredTrees implements Trees {
  readonly #store: Store;
  readonly #open: OpenPools;

  constructor(store: Store, open: OpenPools) {
    this.#store = store;
    this.#open = open;
  }

  async ensure(name: string, fingerprint: string, unpack: (directory: string) => Promise<void>): Promise<void> {
    const pool = await this.#open.named(name);
    await pool.prepare();
    await pool.trees.ensure(fingerprint, unpack);
  }

  async directory(name: string, fingerprint: string): Promise<string> {
    return (await this.#open.named(name)).layout.image(fingerprint);
  }

  async drop(fingerprint: string): Promise<void> {
    for (const row of await this.#store.pools.list()) {
      const pool = this.#open.open(row);
      const usable = await pool.prepare().then(
        () => true,
        () => false,
      );
      // A pool that is away now finds its tree without a row when it is back.
      if (usable) await pool.trees.drop(fingerprint);
      else await imageRecords(this.#store, row.id).remove(fingerprint);
    }
  }
}
