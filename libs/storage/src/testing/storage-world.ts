import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MemoryStore } from '../../../store/src/fake/index.ts';
import type { ImageRow } from '#lib/store';
import { PoolStorage } from '../pool-storage.ts';
import type { NewRoot, SnapshotName } from '../storage.ts';
import { quietEngine, unprobedDrivers as drivers } from '../testing.ts';

/** Of the image. */
export const fingerprint = 'ab'.repeat(32);
const idOf = (last: number) => `00000000-0000-4000-8000-${String(last).padStart(12, '0')}`;

const image: ImageRow = {
  ...{ fingerprint, project: 'default', filename: '', size: 1, public: false, autoUpdate: false, cached: false },
  ...{ architecture: 'x86_64', properties: {}, profiles: [], layout: 'unified', metadata: {}, origin: null },
  ...{ expiresAt: null, createdAt: null, uploadedAt: new Date(0), lastUsedAt: null },
};

/** For specs: one pool with one root, made from an image, that has a file of its own. */
export class StorageWorld {
  readonly store = new MemoryStore();
  storage: PoolStorage;
  readonly root: NewRoot = { id: idOf(1), project: 'default', name: 'c1', pool: 'default', image: fingerprint };
  #ids = 100;

  private constructor(
    readonly stateDir: string,
    readonly changes: string,
  ) {
    this.storage = this.#open();
  }

  static async make(driver: 'overlay' | 'dir'): Promise<StorageWorld> {
    const world = new StorageWorld(await mkdtemp('/tmp/lxctl-roots-'), driver === 'dir' ? 'rootfs' : 'upper');
    const { storage, root, store } = world;
    await storage.pools.create({ name: 'default', driver, description: '', config: {} });
    await store.images.insert(image);
    await storage.trees.ensure('default', fingerprint, async (directory) => {
      await mkdir(join(directory, 'rootfs'), { recursive: true });
      await writeFile(join(directory, 'rootfs', 'image'), '');
    });
    await storage.roots.reserve(store, root);
    await storage.roots.create(root);
    await world.write(root.id, 'first');
    return world;
  }

  /** As a daemon that starts finds it. */
  async again(): Promise<void> {
    this.storage = this.#open();
    await this.storage.prepare();
  }

  end(): Promise<void> {
    return rm(this.stateDir, { recursive: true, force: true });
  }

  at(...path: string[]): string {
    return join(this.stateDir, 'storage-pools/default', ...path);
  }

  named(name: string, root = this.root): SnapshotName {
    return { id: idOf(this.#ids++), project: 'default', root: root.id, name: `${root.name}/${name}` };
  }

  async snapshot(name: string, running = false): Promise<SnapshotName> {
    const snapshot = this.named(name);
    await this.storage.roots.reserveSnapshot(this.store, snapshot);
    await this.storage.roots.snapshot(snapshot, running ? (cut) => cut() : null);
    return snapshot;
  }

  async copy(from: string): Promise<NewRoot> {
    const root = { ...this.root, id: idOf(this.#ids++), name: `c${this.#ids}` };
    await this.storage.roots.reserveCopy(this.store, root, from);
    await this.storage.roots.copy(root, from, null);
    return root;
  }

  async drop(root: NewRoot | SnapshotName): Promise<void> {
    await this.storage.roots.delete(root);
    await this.storage.roots.remove(this.store, root.id);
  }

  /** The directories that a volume stands on, the uppermost first. */
  async trees(id: string): Promise<string[]> {
    const text = await readlink(this.at('volumes', id, 'chain')).catch(() => null);
    const [head = '', ...below] = (text ?? ((await this.there('layers', id, this.changes)) ? id : '.')).split(':');
    const layers = below.map((layer) => this.at('layers', layer, this.changes));
    if (head === '-') return layers;
    return [head === '.' ? this.at('volumes', id, this.changes) : this.at('layers', head, this.changes), ...layers];
  }

  /** Its own file. */
  async read(id: string): Promise<string | null> {
    for (const tree of await this.trees(id)) {
      const text = await readFile(join(tree, 'file'), 'utf8').catch(() => null);
      if (text !== null) return text;
    }
    return null;
  }

  async write(id: string, text: string): Promise<void> {
    await writeFile(join((await this.trees(id))[0] ?? '', 'file'), text);
  }

  /** Names in a directory of the pool. */
  async names(directory: string): Promise<string[]> {
    return (await readdir(this.at(directory))).sort();
  }

  async there(...path: string[]): Promise<boolean> {
    return stat(this.at(...path)).then(
      () => true,
      () => false,
    );
  }

  #open(): PoolStorage {
    return new PoolStorage({ engine: quietEngine(this.store), stateDir: this.stateDir, store: this.store, drivers });
  }
}
