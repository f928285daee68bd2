import type { StringMap } from '#lib/base';
import { LxError } from '#lib/contract';
import { type CopyWishes, exists, withMergedTree } from '#lib/host';
import { RowConflict, type Store, unlessMissing, type VolumeRow } from '#lib/store';
import { cross, type Ground, imageAcross } from './crossing.ts';
import type { Source } from './keep/root-keeper.ts';
import type { OpenPool } from './open-pool.ts';
import type { OpenPools } from './open-pools.ts';
import type { Across, Filling, NewRoot, RootName, RootRecipe, Roots, SnapshotName, StandsOn, Still, Successor } from './storage.ts';

/** Config key of a root's volume that holds the fingerprint of its image. */
export const imageKey = 'volatile.image';

/** What a root's volume says of it; it never changes while the root exists. */
interface Origin {
  poolId: string;
  image: string | null;
}

type Found = Source & { pool: OpenPool };

/** Roots of instances, by the rows of their volumes. */
export class StoredRoots implements Roots {
  readonly #store: Store;
  readonly #open: OpenPools;
  /** Of roots that were used: a start asks the database for none of it. */
  readonly #origins = new Map<string, Origin>();

  constructor(store: Store, open: OpenPools) {
    this.#store = store;
    this.#open = open;
  }

  async reserve(writes: Store, { id, project, name, pool, image }: NewRoot): Promise<void> {
    const { row } = await this.#open.named(pool, writes);
    const named = { id, poolId: row.id, project, name, description: '', config: withImage({}, image) };
    await writes.volumes.insert({ ...named, type: 'container', contentType: 'filesystem' }).catch(taken);
  }

  async rename(writes: Store, id: string, name: string): Promise<void> {
    await writes.volumes.update(id, { name }).catch(taken);
    for (const each of await writes.volumes.snapshots(id))
      await writes.volumes.update(each.id, { name: `${name}/${each.name.split('/')[1]}` }).catch(taken);
  }

  async reserveSnapshot(writes: Store, { id, project, root, name }: SnapshotName): Promise<void> {
    await this.#reserveLike(writes, { id, project, name }, root, root);
  }

  async reserveCopy(writes: Store, root: RootName, from: string): Promise<void> {
    await this.#reserveLike(writes, root, from, null);
  }

  async reserveSuccessor(writes: Store, { id, project, root, name, image }: Successor): Promise<void> {
    await this.#reserveLike(writes, { id, project, name }, root, root, (config) => withImage(config, image));
  }

  async #reserveLike(
    writes: Store,
    { id, project, name }: RootName,
    from: string,
    parentId: string | null,
    configOf: (config: StringMap) => StringMap = (config) => config,
  ): Promise<void> {
    const of = await writes.volumes.byId(from);
    if (of === null) throw new LxError('volume.not_found');
    const { poolId, type, contentType } = of;
    const config = configOf(of.config);
    await writes.volumes.insert({ id, parentId, poolId, project, name, type, contentType, description: '', config }).catch(taken);
  }

  async createSuccessor({ id, root, image }: Successor): Promise<void> {
    const { pool } = await this.#known(root);
    await pool.prepare();
    await pool.createRoot({ id, image }, 'createSuccessor');
    this.#origins.set(id, { poolId: pool.row.id, image });
  }

  async imageOf(id: string): Promise<string | null> {
    return (await this.#known(id)).image;
  }

  async setImage(writes: Store, id: string, image: string | null): Promise<void> {
    const row = await writes.volumes.byId(id);
    if (row === null) throw new LxError('volume.not_found');
    await writes.volumes.update(id, { config: withImage(row.config, image) });
  }

  async replace({ id }: RootName, successor: string): Promise<void> {
    const [{ pool }, { image }] = await Promise.all([this.#known(id), this.#known(successor)]);
    await pool.prepare();
    await pool.replaceRoot(id, successor);
    this.#origins.set(id, { poolId: pool.row.id, image });
  }

  async isMade(id: string): Promise<boolean> {
    const found = await this.#find(id);
    if (found === null) return false;
    await found.pool.prepare();
    return exists(found.pool.layout.volume(id));
  }

  async snapshot({ id, root }: SnapshotName, still: Still | null): Promise<void> {
    const { pool, ...of } = await this.#known(root);
    await pool.prepare();
    await pool.roots.snapshot(of, id, still);
    this.#origins.set(id, { poolId: pool.row.id, image: of.image });
  }

  async copySnapshot({ id }: SnapshotName, from: string): Promise<void> {
    const { pool, ...of } = await this.#known(from);
    await pool.prepare();
    await pool.roots.copySnapshot(of, id);
    this.#origins.set(id, { poolId: pool.row.id, image: of.image });
  }

  async copy(root: RootName, from: string, still: Still | null, wishes: CopyWishes = {}): Promise<void> {
    const { pool, ...of } = await this.#known(from);
    await pool.prepare();
    await pool.roots.copy(of, root.id, still, wishes);
    this.#origins.set(root.id, { poolId: pool.row.id, image: of.image });
    await pool.link(root);
  }

  async restore({ id }: RootName, snapshot: string): Promise<void> {
    const { pool, ...of } = await this.#known(snapshot);
    await pool.prepare();
    await pool.roots.restore(of, id);
  }

  async removeAll(writes: Store, id: string): Promise<void> {
    this.#origins.delete(id);
    await writes.volumes.deleteAll(id);
  }

  async remove(writes: Store, id: string): Promise<void> {
    this.#origins.delete(id);
    await writes.volumes.delete(id).catch(unlessMissing);
  }

  async create(root: NewRoot): Promise<void> {
    const pool = await this.#open.named(root.pool);
    await pool.prepare();
    await pool.createRoot(root);
    this.#origins.set(root.id, { poolId: pool.row.id, image: root.image });
    await pool.link(root);
  }

  async fill(name: string, make: (directory: string) => Promise<readonly Filling[]>): Promise<void> {
    const pool = await this.#open.named(name);
    await pool.prepare();
    await pool.arriving(async (directory) => {
      for (const each of await make(directory)) await this.#filled(pool, each);
    });
  }

  async imageAcross(name: string, from: string): Promise<string | null> {
    const [to, { pool, image }] = await Promise.all([this.#open.named(name), this.#known(from)]);
    await Promise.all([to.prepare(), pool.prepare()]);
    return imageAcross(pool, to, image);
  }

  async isLike(id: string, from: string): Promise<boolean> {
    const [to, of] = await Promise.all([this.#known(id), this.#known(from)]);
    return to.pool === of.pool && (to.pool.layered === null || to.image === of.image);
  }

  async copyAcross(name: string, { image, upon }: StandsOn, copies: readonly Across[], wishes: CopyWishes): Promise<void> {
    const root = upon === undefined ? null : await this.#known(upon);
    const to = await this.across(name, { image, upon: root && { id: root.id, image: root.image } }, copies, wishes);
    for (const { root, isSnapshot } of copies) {
      this.#origins.set(root.id, { poolId: to.row.id, image });
      if (!isSnapshot) await to.link(root);
    }
  }

  /** The directories alone: rows may still say that they are elsewhere. */
  async across(name: string, ground: Ground, copies: readonly Across[], wishes: CopyWishes): Promise<OpenPool> {
    const to = await this.#open.named(name);
    await to.prepare();
    const found = await Promise.all(copies.map(({ from }) => this.#known(from)));
    const [first] = found;
    if (!first) return to;
    await first.pool.prepare();
    const crossings = copies.map(({ root, isSnapshot, still }, at) => ({ id: root.id, isSnapshot, still, of: found[at] ?? first }));
    await cross(first.pool, to, ground, crossings, wishes);
    return to;
  }

  /** What is known of it is no longer true. */
  forget(id: string): void {
    this.#origins.delete(id);
  }

  async #filled(pool: OpenPool, { root, isSnapshot, tree }: Filling): Promise<void> {
    await pool.roots.fill(root.id, tree, isSnapshot);
    this.#origins.set(root.id, { poolId: pool.row.id, image: null });
    if (!isSnapshot) await pool.link(root);
  }

  async delete(root: RootName): Promise<void> {
    const found = await this.#find(root.id);
    this.#origins.delete(root.id);
    if (found === null) return;
    await found.pool.prepare();
    await found.pool.deleteRoot(root);
  }

  async recipe(root: RootName): Promise<RootRecipe> {
    const { pool, ...of } = await this.#known(root.id);
    await pool.prepare();
    const { place, chain } = await pool.roots.standing(of);
    return pool.driver.view.recipe(place, chain);
  }

  async withTree<T>(id: string, use: (directory: string) => Promise<T>): Promise<T> {
    const { pool, ...of } = await this.#known(id);
    await pool.prepare();
    return withMergedTree(await pool.roots.trees(of), use);
  }

  async link(root: RootName, formerly?: string): Promise<void> {
    const { pool } = await this.#known(root.id);
    await pool.link(root, formerly);
  }

  async bound({ id }: Pick<RootName, 'id'>, bytes: number | null): Promise<void> {
    const { pool, ...of } = await this.#known(id);
    if (bytes === null && !pool.driver.quota) return;
    await pool.prepare();
    for (const tree of await pool.roots.trees(of)) await pool.bound(tree, bytes);
  }

  async usage(root: RootName): Promise<number | null> {
    const { pool, ...of } = await this.#known(root.id);
    await pool.prepare();
    return pool.driver.usage.usage((await pool.roots.standing(of)).place);
  }

  async #known(id: string): Promise<Found> {
    const found = await this.#find(id);
    if (found === null) throw new LxError('volume.not_found');
    return found;
  }

  async #find(id: string): Promise<Found | null> {
    const origin = this.#origins.get(id) ?? originOf(await this.#store.volumes.byId(id));
    if (origin === null) return null;
    this.#origins.set(id, origin);
    return { id, pool: await this.#open.withId(origin.poolId), image: origin.image };
  }
}

function withImage({ [imageKey]: _, ...config }: StringMap, image: string | null): StringMap {
  return image === null ? config : { ...config, [imageKey]: image };
}

function originOf(row: VolumeRow | null): Origin | null {
  return row && { poolId: row.poolId, image: row.config[imageKey] ?? null };
}

function taken(error: unknown): never {
  if (error instanceof RowConflict && !['volume_pool', 'volume_parent'].includes(error.constraint))
    throw new LxError('volume.exists', undefined, { cause: error });
  throw error;
}
