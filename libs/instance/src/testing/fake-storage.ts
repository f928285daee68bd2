import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { errnoError } from '#lib/host';
import type {
  NewRoot,
  Pools,
  RootMoves,
  RootName,
  RootRecipe,
  Roots,
  SnapshotName,
  Still,
  Storage,
  Successor,
  Trees,
  Volumes,
} from '#lib/storage';
import { type PoolRow, type Store, unlessMissing } from '#lib/store';

/** The part of Storage that instances use, in memory. */
export class FakeStorage implements Pick<Storage, 'roots' | 'trees' | 'moves'> {
  /** Root by id: where it is, and the image below it. */
  readonly made = new Map<string, { pool: string; image: string | null }>();
  /** `<pool>/<name>` to the id of the root that people find there. */
  readonly links = new Map<string, string>();
  /** Called while a snapshot is cut. */
  onCut: () => Promise<void> = async () => {};
  /** `<pool>/<fingerprint>`. */
  readonly images = new Set<string>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  readonly pools: Pick<Pools, 'get' | 'directory'> = {
    directory: async (name) => `/fake/${name}`,
    get: async (name: string): Promise<PoolRow> => {
      const row = await this.#store.pools.get(name);
      if (!row) throw new LxError('pool.not_found');
      return row;
    },
  };

  /** Custom volumes by `<pool>/<name>`; each is under /fake/volumes. */
  readonly custom = new Set<string>();

  readonly volumes: Pick<Volumes, 'custom'> = {
    custom: async (pool, _project, name) => {
      if (!this.custom.has(`${pool}/${name}`)) throw new LxError('volume.not_found');
      return { path: `/fake/volumes/${pool}/${name}`, mapped: true, bounded: false };
    },
  };

  readonly trees: Trees = {
    ensure: async (pool, fingerprint, unpack) => {
      const place = `${pool}/${fingerprint}`;
      if (this.images.has(place)) return;
      await unpack(`/fake/${place}`);
      this.images.add(place);
    },
    directory: async (pool, fingerprint) => `/fake/${pool}/${fingerprint}`,
    drop: async () => {},
  };

  /** What is on its way: by id, the pool that it goes to. */
  readonly away = new Map<string, string>();

  readonly moves: RootMoves = {
    copy: async (pool, _, moved) => {
      for (const { root } of moved) {
        this.#root(root.id);
        this.away.set(root.id, pool);
      }
    },
    takeBack: async (_, moved) => {
      for (const { root } of moved) this.away.delete(root.id);
    },
    settle: async (writes, pool, image, moved) => {
      const { id: poolId } = await this.pools.get(pool);
      const config: Record<string, string> = image === null ? {} : { 'volatile.image': image };
      for (const { root } of moved) await writes.volumes.update(root.id, { poolId, config });
    },
    clear: async (_, moved) => {
      for (const { root, isSnapshot } of moved) {
        const pool = this.away.get(root.id);
        this.away.delete(root.id);
        if (pool === undefined) continue;
        this.made.set(root.id, { ...this.#root(root.id), pool });
        for (const [link, id] of this.links) if (id === root.id) this.links.delete(link);
        if (!isSnapshot) await this.roots.link(root);
      }
    },
  };

  readonly roots: Roots = {
    reserve: async (writes: Store, { id, project, name, pool, image }: NewRoot) => {
      const { id: poolId } = await this.pools.get(pool);
      await writes.volumes.insert({
        id,
        poolId,
        project,
        name,
        config: imageConfig(image),
        description: '',
        type: 'container',
        contentType: 'filesystem',
      });
    },
    rename: async (writes: Store, id: string, name: string) => {
      await writes.volumes.update(id, { name });
      for (const each of await writes.volumes.snapshots(id))
        await writes.volumes.update(each.id, { name: `${name}/${each.name.split('/')[1]}` });
    },
    reserveSnapshot: async (writes: Store, { id, root, project, name }: SnapshotName) => {
      const of = await writes.volumes.byId(root);
      if (!of) throw new LxError('volume.not_found');
      await writes.volumes.insert({ ...of, id, parentId: root, project, name });
    },
    reserveCopy: async (writes: Store, { id, project, name }: RootName, from: string) => {
      const of = await writes.volumes.byId(from);
      if (!of) throw new LxError('volume.not_found');
      await writes.volumes.insert({ ...of, id, parentId: null, project, name });
    },
    snapshot: ({ id, root }: SnapshotName, still: Still | null) => this.#cut(id, root, still),
    copy: async (root: RootName, from: string, still: Still | null) => {
      await this.#cut(root.id, from, still);
      await this.roots.link(root);
    },
    copySnapshot: async ({ id }: SnapshotName, from: string) => void this.made.set(id, { ...this.#root(from) }),
    reserveSuccessor: async (writes: Store, { id, root, project, name, image }: Successor) => {
      const of = await writes.volumes.byId(root);
      if (!of) throw new LxError('volume.not_found');
      await writes.volumes.insert({ ...of, id, parentId: root, project, name, config: imageConfig(image) });
    },
    createSuccessor: async ({ id, root, image }: Successor) => {
      const { pool } = this.#root(root);
      if (image !== null && !this.images.has(`${pool}/${image}`)) throw new LxError('image.not_found');
      this.made.set(id, { pool, image });
    },
    imageOf: async (id: string) => this.#root(id).image,
    setImage: (writes: Store, id: string, image: string | null) => writes.volumes.update(id, { config: imageConfig(image) }),
    replace: async ({ id }: RootName, successor: string) => {
      const next = this.made.get(successor);
      if (!next) return;
      this.made.delete(successor);
      this.made.set(id, next);
    },
    bound: async () => {},
    isMade: async (id: string) => this.made.has(id),
    restore: async ({ id }: RootName, snapshot: string) => void this.made.set(id, { ...this.#root(snapshot) }),
    removeAll: (writes: Store, id: string) => writes.volumes.deleteAll(id),
    remove: async (writes: Store, id: string) => {
      await writes.volumes.delete(id).catch(unlessMissing);
    },
    fill: async (pool, make) => {
      const directory = await mkdtemp(join(tmpdir(), 'lxctl-filling-'));
      try {
        for (const { root, isSnapshot, tree } of await make(directory)) {
          await access(tree);
          this.made.set(root.id, { pool, image: null });
          if (!isSnapshot) await this.roots.link(root);
        }
      } finally {
        await rm(directory, { recursive: true });
      }
    },
    imageAcross: async (_, from) => this.#root(from).image,
    isLike: async (id, from) => this.#root(id).image === this.#root(from).image && this.#root(id).pool === this.#root(from).pool,
    copyAcross: async (pool, { image }, copies, { onBytes, signal }) => {
      for (const { root, isSnapshot, from, still } of copies) {
        signal?.throwIfAborted();
        await this.#cut(root.id, from, still);
        onBytes?.(1000);
        this.made.set(root.id, { pool, image });
        if (!isSnapshot) await this.roots.link(root);
      }
    },
    create: async (root: NewRoot) => {
      const { id, pool, image } = root;
      await this.pools.get(pool);
      if (image !== null && !this.images.has(`${pool}/${image}`)) throw new LxError('image.not_found');
      this.made.set(id, { pool, image });
      await this.roots.link(root);
    },
    delete: async (root: RootName) => {
      this.made.delete(root.id);
      for (const [link, id] of this.links) if (id === root.id) this.links.delete(link);
    },
    link: async ({ id, name }: RootName, formerly?: string) => {
      const { pool } = this.#root(id);
      if (formerly !== undefined && this.links.get(`${pool}/${formerly}`) === id) this.links.delete(`${pool}/${formerly}`);
      this.links.set(`${pool}/${name}`, id);
    },
    recipe: async ({ id }: RootName): Promise<RootRecipe> => {
      const { pool, image } = this.#root(id);
      const layer = (path: string, readonly: boolean) => ({ path, idmapped: true, readonly, optional: false });
      return {
        layers: [layer(`/fake/${pool}/${image ?? 'empty'}`, true), layer(`/fake/${pool}/${id}`, false)],
        root: { kind: 'overlay', lower: [0], upper: 1 },
      };
    },
    withTree: async (id, use) => {
      this.#root(id);
      const tree = await mkdtemp(join(tmpdir(), 'lxctl-tree-'));
      try {
        await writeFile(join(tree, 'of'), id);
        return await use(tree);
      } finally {
        await rm(tree, { recursive: true });
      }
    },
    usage: async () => 4096,
  };

  /** The image of the root that is found by a name. */
  imageOf(pool: string, name: string): string | null | undefined {
    return this.made.get(this.links.get(`${pool}/${name}`) ?? '')?.image;
  }

  async #cut(to: string, from: string, still: Still | null): Promise<void> {
    const cut = async () => {
      await this.onCut();
      this.made.set(to, { ...this.#root(from) });
    };
    await (still ? still(cut) : cut());
  }

  #root(id: string): { pool: string; image: string | null } {
    const root = this.made.get(id);
    if (!root) throw errnoError('ENOENT', 'open_tree', id);
    return root;
  }
}

function imageConfig(image: string | null): Record<string, string> {
  return image === null ? {} : { 'volatile.image': image };
}
