import { LxError } from '#lib/contract';
import type { Operation } from '#lib/engine';
import type { InstanceTree, InstanceTrees, TreeOwner } from '#lib/image';
import type { Storage } from '#lib/storage';
import type { InstanceRow, Store } from '#lib/store';
import type { Acts } from './act/acts.ts';
import { instanceLock } from './act/names.ts';
import type { MetadataFiles } from './metadata/metadata-files.ts';
import type { Supervision } from './supervision.ts';

interface Using {
  store: Store;
  storage: Storage;
  supervision: Supervision;
  metadataFiles: MetadataFiles;
}

/** What images are made of: instances that do not run, and snapshots. */
export class ReadableTrees implements InstanceTrees {
  readonly #acts: Acts;
  readonly #using: Using;

  constructor(acts: Acts, using: Using) {
    this.#acts = acts;
    this.#using = using;
  }

  async find(project: string, instance: string, snapshot: string | null): Promise<TreeOwner> {
    const { store } = this.#using;
    const row = await store.instances.get(project, instance);
    if (!row) throw new LxError('instance.not_found');
    const cut = snapshot === null ? row : await store.snapshots.get(row.id, snapshot);
    if (!cut) throw new LxError('snapshot.not_found');
    const owner = { project, instance, id: row.id, root: cut.id };
    this.#refuseRunning(owner);
    return owner;
  }

  hold({ project, instance, id }: TreeOwner, start: (locks: string[]) => Promise<Operation>): Promise<Operation> {
    return this.#acts.hold([id], () => start([instanceLock({ project, name: instance })]));
  }

  async read<T>(owner: TreeOwner, use: (tree: InstanceTree) => Promise<T>): Promise<T> {
    const { store, storage, metadataFiles } = this.#using;
    // It may have been started, or deleted and made again, before the operation had it.
    const row = await store.instances.byId(owner.id);
    if (!row) throw new LxError('instance.not_found');
    this.#refuseRunning(owner);
    const names = await metadataFiles.list(row);
    const templates = await Promise.all(names.map(async (name) => ({ name, content: await metadataFiles.template(row, name) })));
    const metadata = await this.#metadata(row);
    return storage.roots.withTree(owner.root, (directory) => use({ directory, metadata, templates }));
  }

  /** One that was made from nothing says of itself what images must say. */
  async #metadata(row: InstanceRow) {
    const metadata = await this.#using.metadataFiles.read(row);
    if (metadata.architecture !== '') return metadata;
    return { ...metadata, architecture: row.architecture, creation_date: Math.floor(row.createdAt.getTime() / 1000) };
  }

  #refuseRunning({ id, root }: TreeOwner): void {
    if (root === id && this.#using.supervision.get(id) !== null) throw new LxError('image.of_running');
  }
}
