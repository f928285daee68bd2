import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { type CopyWishes, cutTree, exists, makeDirectory, removeTree } from '#lib/host';
import type { Chain, RootPlace, StorageDriver } from '../driver.ts';
import { exchange } from '../exchange.ts';
import type { PoolLayout } from '../layout.ts';
import type { Still } from '../storage.ts';
import type { RootKeeper, Source, Standing } from './root-keeper.ts';

/** Each root and each snapshot has all of its content, in `volumes/<id>`. */
export class WholeRoots implements RootKeeper {
  readonly #layout: PoolLayout;
  readonly #driver: StorageDriver;

  constructor(layout: PoolLayout, driver: StorageDriver) {
    this.#layout = layout;
    this.#driver = driver;
  }

  async prepare(): Promise<void> {}

  async standing({ id, image }: Source): Promise<Standing> {
    return { place: this.#place(id), chain: this.#chain(image) };
  }

  async trees(of: Source): Promise<string[]> {
    const { place, chain } = await this.standing(of);
    const { layers, root } = this.#driver.view.recipe(place, chain);
    return root.kind === 'bind' ? [layers[root.layer]?.path ?? ''] : [];
  }

  async create({ id, image }: Source): Promise<void> {
    const place = this.#place(id);
    await makeDirectory(place.directory);
    await this.#driver.create.create(place, this.#chain(image));
  }

  createSuccessor(root: Source): Promise<void> {
    return this.create(root);
  }

  async replace(root: string, successor: string): Promise<void> {
    const { directory } = this.#place(successor);
    if (await exists(directory)) await removeTree(await exchange(this.#layout, directory, this.#place(root).directory));
  }

  async fill(id: string, tree: string): Promise<void> {
    await makeDirectory(this.#place(id).directory);
    await this.#driver.fill.fill(this.#place(id), tree);
  }

  async copyOut(of: Source, to: string, still: Still | null, wishes: CopyWishes): Promise<void> {
    const [root = ''] = await this.trees(of);
    await cutTree(root, to, still, wishes);
  }

  snapshot(root: Source, snapshot: string, still: Still | null): Promise<void> {
    return this.copy(root, snapshot, still, {});
  }

  copySnapshot(snapshot: Source, to: string): Promise<void> {
    return this.copy(snapshot, to, null, {});
  }

  async copy({ id }: Source, to: string, still: Still | null, wishes: CopyWishes): Promise<void> {
    await this.#copy(this.#place(id), this.#place(to), still, wishes);
  }

  async restore(snapshot: Source, root: string): Promise<void> {
    const { directory } = this.#place(root);
    const staged = { ...this.#place(root), directory: join(this.#layout.unpacking, `${root}.${snapshot.id}`) };
    await this.#copy(this.#place(snapshot.id), staged, null, {});
    await removeTree(await exchange(this.#layout, staged.directory, directory));
  }

  async remove(id: string): Promise<void> {
    await removeTree(this.#place(id).directory);
  }

  async #copy(from: RootPlace, to: RootPlace, still: Still | null, wishes: CopyWishes): Promise<void> {
    const { copy, name } = this.#driver;
    if (!copy) throw new LxError('request.unsupported', { what: `a copy of a root on a pool of the driver ${name}` });
    await makeDirectory(to.directory);
    try {
      await copy.copy(from, to, still, wishes);
    } catch (error) {
      await removeTree(to.directory);
      throw error;
    }
  }

  #place(id: string): RootPlace {
    return { directory: this.#layout.volume(id), pool: this.#layout.directory };
  }

  #chain(image: string | null): Chain {
    return image === null ? [] : [this.#layout.tree(image)];
  }
}
