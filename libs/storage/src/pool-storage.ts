import { customVolumeKeys, LxError, readKey } from '#lib/contract';
import type { Engine } from '#lib/engine';
import type { Store, VolumeRow } from '#lib/store';
import { flagsOf, type StorageDriver } from './driver.ts';
import { imageProject } from './image-records.ts';
import { OpenPools } from './open-pools.ts';
import { CustomPlaces } from './custom/custom-places.ts';
import { userUrlsIn } from './custom/users.ts';
import { repairLinks } from './repair-links.ts';
import { StoredMoves } from './root-moves.ts';
import type { Pools, RootMoves, Roots, Storage, Trees, Volumes } from './storage.ts';
import { StoredPools } from './stored-pools.ts';
import { StoredRoots } from './stored-roots.ts';
import { StoredTrees } from './stored-trees.ts';

export interface PoolStorageParts {
  /** Holds storage-pools/. */
  stateDir: string;
  store: Store;
  /** Runs the operations on pools. */
  engine: Engine;
  drivers: Readonly<Record<string, StorageDriver>>;
}

/** The storage of this host. */
export class PoolStorage implements Storage {
  readonly pools: Pools;
  readonly volumes: Volumes;
  readonly roots: Roots;
  readonly moves: RootMoves;
  readonly trees: Trees;
  /** Where custom volumes have their data. */
  readonly customPlaces: CustomPlaces;
  readonly #store: Store;
  readonly #open: OpenPools;

  constructor({ stateDir, store, engine, drivers }: PoolStorageParts) {
    const open = new OpenPools({ store, stateDir, drivers });
    this.#store = store;
    this.#open = open;
    this.pools = new StoredPools({ stateDir, store, engine }, open);
    const roots = new StoredRoots(store, open);
    this.roots = roots;
    this.moves = new StoredMoves(store, open, roots);
    this.customPlaces = new CustomPlaces(open);
    this.trees = new StoredTrees(store, open);
    this.volumes = {
      list: async (pool, project) => {
        const rows = await store.volumes.list((await this.pools.get(pool)).id);
        return rows.filter((row) => row.project === project || row.type === 'image');
      },
      get: async (pool, project, type, name) => {
        const { id } = await this.pools.get(pool);
        const row = isType(type) ? await store.volumes.get(id, type === 'image' ? imageProject : project, type, name) : null;
        if (!row || row.parentId !== null) throw new LxError('volume.not_found');
        return { row, snapshots: await store.volumes.snapshots(row.id) };
      },
      usedBy: (pool) => userUrlsIn(store, pool),
      custom: async (pool, project, name) => {
        const { id: poolId } = await this.pools.get(pool);
        const row = await store.volumes.get(poolId, project, 'custom', name);
        if (row === null || row.parentId !== null) throw new LxError('volume.not_found');
        const bounded = await this.customPlaces.bound(row, row.config);
        const mapped = !readKey(customVolumeKeys, row.config, 'security.unmapped');
        return { path: await this.customPlaces.data(row), mapped, bounded };
      },
    };
  }

  get drivers(): readonly { name: string; version: string; remote: boolean }[] {
    return Object.values(this.#open.drivers).map((driver) => {
      const { name, version } = driver;
      return { name, version, remote: flagsOf(driver).remote };
    });
  }

  async retire(): Promise<void> {
    for (const row of await this.#store.pools.list()) {
      const { driver, site } = this.#open.open(row);
      if (site.medium) await driver.medium?.unmount(site.medium, site.directory);
    }
  }

  async prepare(): Promise<void> {
    for (const row of await this.#store.pools.list()) {
      const pool = this.#open.open(row);
      const usable = await pool.prepare().then(
        () => true,
        () => false,
      );
      if (!usable) continue;
      const volumes = await this.#store.volumes.list(row.id);
      const { layout } = pool;
      const custom = volumes.filter(({ type, parentId }) => type === 'custom' && parentId === null);
      await repairLinks(
        layout.containers,
        volumes.filter(isRoot).map((root) => layout.link(root)),
      );
      await repairLinks(
        layout.custom,
        custom.map((volume) => layout.customLink(volume)),
      );
    }
  }
}

function isRoot(row: VolumeRow): boolean {
  return row.type === 'container' && row.parentId === null;
}

function isType(type: string): type is VolumeRow['type'] {
  const types: Readonly<Record<VolumeRow['type'], true>> = { container: true, image: true, custom: true };
  return Object.hasOwn(types, type);
}
