import { isLxError } from '#lib/contract';
import type { CopyWishes } from '#lib/host';
import type { Store } from '#lib/store';
import type { OpenPools } from './open-pools.ts';
import type { Moved, RootMoves } from './storage.ts';
import { imageKey, type StoredRoots } from './stored-roots.ts';

/** Roots that go to another pool, by the rows of their volumes. */
export class StoredMoves implements RootMoves {
  readonly #store: Store;
  readonly #open: OpenPools;
  readonly #roots: StoredRoots;

  constructor(store: Store, open: OpenPools, roots: StoredRoots) {
    this.#store = store;
    this.#open = open;
    this.#roots = roots;
  }

  async copy(name: string, image: string | null, moved: readonly Moved[], wishes: CopyWishes): Promise<void> {
    const pool = await this.#open.named(name);
    await pool.prepare();
    // What a crash has left of it has no row, but may be whole.
    for (const { root } of moved) await pool.removeRoot(root.id);
    const copies = moved.map((each) => ({ ...each, from: each.root.id, still: null }));
    await this.#roots.across(name, { image, upon: null }, copies, wishes);
  }

  async takeBack(name: string, moved: readonly Moved[]): Promise<void> {
    const pool = await this.#open.named(name);
    await pool.prepare();
    for (const { root } of moved) {
      const row = await this.#store.volumes.byId(root.id);
      if (row?.poolId !== pool.row.id) await pool.removeRoot(root.id);
    }
  }

  async settle(writes: Store, name: string, image: string | null, moved: readonly Moved[]): Promise<void> {
    const { row } = await this.#open.named(name, writes);
    for (const { root } of moved) {
      const volume = await writes.volumes.byId(root.id);
      if (volume === null) continue;
      const { [imageKey]: _, ...config } = volume.config;
      await writes.volumes.update(root.id, { poolId: row.id, config: image === null ? config : { ...config, [imageKey]: image } });
      this.#roots.forget(root.id);
    }
  }

  async clear(from: string, moved: readonly Moved[]): Promise<void> {
    const pool = await this.#open.withId(from).catch((error: unknown) => {
      if (isLxError(error, 'pool.not_found')) return null;
      throw error;
    });
    for (const { root, isSnapshot } of moved) {
      this.#roots.forget(root.id);
      if (!isSnapshot) await this.#roots.link(root);
      if (pool === null) continue;
      await pool.prepare();
      await pool.deleteRoot(root);
    }
  }
}
