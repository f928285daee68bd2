import { randomUUID } from 'node:crypto';
import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { exists, isErrno, makeDirectory, removeTree } from '#lib/host';
import type { Chain, LayerRole, RootPlace, StorageDriver } from '../driver.ts';
import { exchange } from '../exchange.ts';
import { imageLink, type PoolLayout } from '../layout.ts';
import type { Still } from '../storage.ts';
import type { RootKeeper, Source, Standing } from './root-keeper.ts';
import { none, own, type Stack, Stacks } from './stacks.ts';

/** So many layers a root may stand on; then they become one. */
const deepest = 32;

/**
 * Roots are directories of changes over layers, over an image. A snapshot has no changes of its own: it is a list of layers. What
 * does not run is cut without a copy: its changes become a layer, and new ones go on top. What runs has its changes mounted, which the
 * kernel lets nobody exchange: they are copied to a layer of the snapshot.
 */
export class LayeredRoots implements RootKeeper {
  readonly #layout: PoolLayout;
  readonly #driver: StorageDriver;
  readonly #layers: LayerRole;
  readonly #stacks: Stacks;

  constructor(layout: PoolLayout, driver: StorageDriver, layers: LayerRole) {
    this.#layout = layout;
    this.#driver = driver;
    this.#layers = layers;
    this.#stacks = new Stacks(layout, (layer) => this.#layerChanges(layer));
  }

  prepare(): Promise<void> {
    return this.#stacks.prepare();
  }

  async standing(root: Source): Promise<Standing> {
    const stack = await this.#stacks.of(root.id);
    if (stack.head === none) throw new LxError('volume.not_found');
    return { place: this.#place(root.id, stack.head), chain: this.#chain(stack.below, root.image) };
  }

  async trees(of: Source): Promise<string[]> {
    const { head, below } = await this.#stacks.of(of.id);
    const place = this.#place(of.id, head);
    const { layers, root } = this.#driver.view.recipe(place, this.#chain(below, of.image));
    const chain = root.kind === 'overlay' ? root.lower.map((layer) => layers[layer]?.path ?? '') : [];
    return head === none ? chain : [this.#layers.changes(place), ...chain];
  }

  async create({ id, image }: Source): Promise<void> {
    await this.#directory(id, image);
    await this.#driver.create.create(this.#place(id, own), this.#chain([], image));
  }

  /** Its changes have a name of their own: a layer that has the root's may be there, and others may stand on it. */
  async createSuccessor({ id, image }: Source): Promise<void> {
    await this.#directory(id, image);
    await this.#renew(id, [], image);
  }

  async replace(root: string, successor: string): Promise<void> {
    const directory = this.#layout.volume(successor);
    if (!(await exists(directory))) return;
    await this.#stacks.of(successor);
    const old = await exchange(this.#layout, directory, this.#layout.volume(root));
    await this.#stacks.succeed(root, successor);
    await removeTree(old);
  }

  /** The tree is a layer, under the name of who has it first. */
  async fill(id: string, tree: string, isSnapshot: boolean): Promise<void> {
    await this.#directory(id, null);
    await makeDirectory(this.#layout.layer(id));
    await rename(tree, this.#layerChanges(id));
    if (isSnapshot) await this.#stacks.put(id, { head: none, below: [id] });
    else await this.#renew(id, [id], null);
  }

  async snapshot(root: Source, snapshot: string, still: Still | null): Promise<void> {
    const name = async (below: readonly string[]) => {
      await this.#directory(snapshot, root.image);
      await this.#stacks.put(snapshot, { head: none, below });
    };
    const sealed = still ? null : await this.#sealed(root);
    if (sealed) return name(sealed);
    const below = await this.#cut(root, snapshot, still, name);
    // At rest it was as deep as it may be: it goes on upon what has been merged.
    if (!still) await this.#renew(root.id, below, root.image);
  }

  async copySnapshot(snapshot: Source, to: string): Promise<void> {
    await this.#directory(to, snapshot.image);
    await this.#stacks.put(to, { head: none, below: await this.#layersOf(snapshot) });
  }

  async copy(from: Source, to: string, still: Still | null): Promise<void> {
    await this.#directory(to, from.image);
    const place = this.#place(to, own);
    const below = still ? null : await this.#layersOf(from);
    if (below) {
      await this.#driver.create.create(place, this.#chain(below, from.image));
      if (below.length > 0) await this.#stacks.put(to, { head: own, below });
      return;
    }
    const stack = await this.#stacks.of(from.id);
    const deep = stack.below.length >= deepest;
    await this.#copyChanges(from, stack, deep, place, still);
    if (!deep && stack.below.length > 0) await this.#stacks.put(to, { head: own, below: stack.below });
  }

  /** What the root had is given up when its link says so, and not before. */
  async restore(snapshot: Source, root: string): Promise<void> {
    await this.#renew(root, await this.#layersOf(snapshot), snapshot.image);
    await this.#discard(this.#layers.changes(this.#place(root, own)));
  }

  async remove(id: string): Promise<void> {
    await removeTree(this.#layout.volume(id));
    await this.#stacks.drop(id);
  }

  /** The layers that hold all of a root which does not run, or of a snapshot. */
  async #layersOf(of: Source): Promise<readonly string[]> {
    const { head, below } = await this.#stacks.of(of.id);
    if (head === none) return below;
    const sealed = await this.#sealed(of);
    if (sealed) return sealed;
    return this.#cut(of, randomUUID(), null, (below) => this.#renew(of.id, below, of.image));
  }

  /** Makes the changes of a root a layer, if there are any; null when it is as deep as it may be. */
  async #sealed(root: Source): Promise<readonly string[] | null> {
    const stack = await this.#stacks.of(root.id);
    if (await this.#layers.untouched(this.#place(root.id, stack.head), this.#chain(stack.below, root.image))) return stack.below;
    if (stack.below.length >= deepest) return null;
    const below = [stack.head === own ? await this.#ownToLayer(root.id, stack) : stack.head, ...stack.below];
    await this.#renew(root.id, below, root.image);
    return below;
  }

  /** Its name as a layer is the root's: it has one only once. */
  async #ownToLayer(id: string, stack: Stack): Promise<string> {
    const from = this.#layers.changes(this.#place(id, own));
    await makeDirectory(this.#layout.layer(id));
    await rename(from, this.#layerChanges(id));
    this.#stacks.assume(id, { ...stack, head: id });
    return id;
  }

  /** Puts new, empty changes on these layers under a root. */
  async #renew(id: string, below: readonly string[], image: string | null): Promise<void> {
    const head = randomUUID();
    const place = this.#place(id, head);
    try {
      await makeDirectory(place.directory);
      await this.#driver.create.create(place, this.#chain(below, image));
      await this.#stacks.put(id, { head, below });
    } catch (error) {
      await this.#stacks.discard(head);
      throw error;
    }
  }

  /**
   * Copies the changes of a root to the layer `layer`, with all layers below when it is as deep as it may be, and has `name` let
   * somebody stand on it.
   */
  async #cut(
    root: Source,
    layer: string,
    still: Still | null,
    name: (below: readonly string[]) => Promise<void>,
  ): Promise<readonly string[]> {
    const stack = await this.#stacks.of(root.id);
    const deep = stack.below.length >= deepest;
    const below = [layer, ...(deep ? [] : stack.below)];
    const staged = { directory: join(this.#layout.unpacking, layer), pool: this.#layout.directory };
    try {
      if (!(await exists(this.#layout.layer(layer)))) {
        await removeTree(staged.directory);
        await makeDirectory(staged.directory);
        await this.#copyChanges(root, stack, deep, staged, still);
        await rename(staged.directory, this.#layout.layer(layer));
      }
      await name(below);
      return below;
    } catch (error) {
      await removeTree(staged.directory);
      await this.#stacks.discard(layer);
      throw error;
    }
  }

  async #copyChanges(root: Source, stack: Stack, merge: boolean, to: RootPlace, still: Still | null): Promise<void> {
    const from = this.#place(root.id, stack.head);
    const trees = [from, ...(merge ? stack.below.map((layer) => this.#place(root.id, layer)) : [])];
    await this.#layers.copy(trees, to, still);
  }

  /** The link shows to which image's tree a volume holds on. */
  async #directory(id: string, image: string | null): Promise<void> {
    await makeDirectory(this.#layout.volume(id));
    if (image === null) return;
    await symlink(join('..', '..', 'images', image), join(this.#layout.volume(id), imageLink)).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
  }

  async #discard(path: string): Promise<void> {
    const going = join(this.#layout.unpacking, randomUUID());
    await rename(path, going).catch((error: unknown) => {
      if (!isErrno(error, 'ENOENT')) throw error;
    });
    await removeTree(going);
  }

  #place(id: string, layer: string): RootPlace {
    return {
      directory: layer === own || layer === none ? this.#layout.volume(id) : this.#layout.layer(layer),
      pool: this.#layout.directory,
    };
  }

  #layerChanges(layer: string): string {
    return this.#layers.changes({ directory: this.#layout.layer(layer), pool: this.#layout.directory });
  }

  #chain(below: readonly string[], image: string | null): Chain {
    const layers = below.map((layer) => this.#layerChanges(layer));
    return image === null ? layers : [...layers, this.#layout.tree(image)];
  }
}
