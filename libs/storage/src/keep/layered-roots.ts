import { randomUUID } from 'node:crypto';
import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { LxError } from '#lib/contract';
import { type CopyWishes, copyTree, exists, isErrno, makeDirectory, removeTree, withMergedTree } from '#lib/host';
import type { Chain, LayerRole, RootPlace, StorageDriver } from '../driver.ts';
import { exchange } from '../exchange.ts';
import { imageLink, type PoolLayout } from '../layout.ts';
import type { Still } from '../storage.ts';
import { Tally } from '../tally.ts';
import { Layers } from './layers.ts';
import type { Arrival, RootKeeper, Source, Standing } from './root-keeper.ts';
import { none, own, type Stack, Stacks } from './stacks.ts';

/** So many layers a root may stand on; then they become one. */
const deepest = 32;

/** A tree that is at rest, and what it is compared with. */
export interface Comparison {
  tree: string;
  isSnapshot: boolean;
  /** Layers, the uppermost first. */
  upon: readonly string[];
}

/**
 * Roots are directories of changes over layers, over an image. A snapshot has no changes of its own: it is a list of layers. What
 * does not run is cut without a copy: its changes become a layer, and new ones go on top. What runs has its changes mounted, which the
 * kernel lets nobody exchange: they are copied to a layer of the snapshot.
 */
export class LayeredRoots implements RootKeeper {
  readonly #layout: PoolLayout;
  readonly #driver: StorageDriver;
  readonly #role: LayerRole;
  readonly #layers: Layers;
  readonly #stacks: Stacks;

  constructor(layout: PoolLayout, driver: StorageDriver, role: LayerRole) {
    this.#layout = layout;
    this.#driver = driver;
    this.#role = role;
    this.#layers = new Layers(layout, role);
    this.#stacks = new Stacks(layout, (layer) => this.#layers.changes(layer));
  }

  prepare(): Promise<void> {
    return this.#stacks.prepare();
  }

  async standing(root: Source): Promise<Standing> {
    const stack = await this.#stacks.of(root.id);
    if (stack.head === none) throw new LxError('volume.not_found');
    return { place: this.#layers.place(root.id, stack.head), chain: this.#layers.chain(stack.below, root.image) };
  }

  async trees(of: Source): Promise<string[]> {
    const { head, below } = await this.#stacks.of(of.id);
    const place = this.#layers.place(of.id, head);
    const whole = this.#treesOf(place, this.#layers.chain(below, of.image));
    return head === none ? whole.slice(1) : whole;
  }

  #treesOf(place: RootPlace, chain: Chain): string[] {
    const { layers, root } = this.#driver.view.recipe(place, chain);
    const below = root.kind === 'overlay' ? root.lower.map((layer) => layers[layer]?.path ?? '') : [];
    return [this.#role.changes(place), ...below];
  }

  async create({ id, image }: Source): Promise<void> {
    await this.#directory(id, image);
    await this.#driver.create.create(this.#layers.place(id, own), this.#layers.chain([], image));
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

  /** The tree is a layer, of a name that no other pool has. */
  async fill(id: string, tree: string, isSnapshot: boolean): Promise<void> {
    await this.fillWhole(id, tree, isSnapshot);
  }

  /** `fill`; the layers that it stands on. */
  async fillWhole(id: string, tree: string, isSnapshot: boolean): Promise<readonly string[]> {
    await this.#directory(id, null);
    const layer = randomUUID();
    await this.#layer(
      layer,
      (staged) => this.#driver.fill.fill(staged, tree),
      () => this.#stand(id, [layer], null, isSnapshot),
    );
    return [layer];
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
    await this.#stacks.put(to, { head: none, below: await this.layersOf(snapshot) });
  }

  async copy(from: Source, to: string, still: Still | null, wishes: CopyWishes): Promise<void> {
    await this.#directory(to, from.image);
    const place = this.#layers.place(to, own);
    const below = still ? null : await this.layersOf(from);
    if (below) {
      await this.#driver.create.create(place, this.#layers.chain(below, from.image));
      if (below.length > 0) await this.#stacks.put(to, { head: own, below });
      return;
    }
    const stack = await this.#stacks.of(from.id);
    const deep = stack.below.length >= deepest;
    await this.#copyChanges(from, stack, deep, place, still, wishes);
    if (!deep && stack.below.length > 0) await this.#stacks.put(to, { head: own, below: stack.below });
  }

  async copyOut(of: Source, to: string, still: Still | null, wishes: CopyWishes): Promise<void> {
    const tally = new Tally(wishes);
    const copied = (tree: string) => copyTree(tree, to, tally.next());
    if (still === null) return void (await withMergedTree(await this.trees(of), copied));
    const stack = await this.#stacks.of(of.id);
    await this.#layers.aside(async (cut) => {
      await this.#copyChanges(of, stack, false, cut, still, tally.next());
      await withMergedTree(this.#treesOf(cut, this.#layers.chain(stack.below, of.image)), copied);
    });
  }

  /**
   * A root or a snapshot that holds what a tree does, on its image: the tree is compared with what `upon`, layers of the pool, and the
   * image show, and what differs is the layer above them. The layers that it stands on.
   */
  async fillUpon({ id, image }: Source, { tree, isSnapshot, upon }: Comparison, wishes: CopyWishes): Promise<readonly string[]> {
    await this.#directory(id, image);
    const below = upon.length < deepest ? upon : [];
    const chain = this.#layers.chain(below, image);
    const layer = randomUUID();
    let stack = below;
    await this.#stacks.holding([layer, ...below], async () => {
      await this.#layers.make(layer, (staged) =>
        withMergedTree(this.#treesOf(staged, chain).slice(1), (base) => this.#role.differ(tree, base, staged, wishes)),
      );
      if (!(await this.#role.untouched(this.#layers.place(id, layer), chain))) stack = [layer, ...below];
      await this.#stand(id, stack, image, isSnapshot);
    });
    return stack;
  }

  /**
   * A root or a snapshot like one of another pool of the driver, on the same image: with the layers that are not here yet. What
   * runs is cut, and the cut is the layer above them.
   */
  async receive(from: LayeredRoots, of: Source, { id, isSnapshot, still }: Arrival, wishes: () => CopyWishes): Promise<void> {
    await this.#directory(id, of.image);
    const stack = await from.#stacks.of(of.id);
    const deep = still !== null && stack.below.length >= deepest;
    const below = still === null ? await from.layersOf(of) : deep ? [] : stack.below;
    await this.#stacks.holding(below, async () => {
      for (const layer of below.toReversed()) await this.#layers.bring(from.#layers, layer, wishes());
      if (still === null) return this.#stand(id, below, of.image, isSnapshot);
      await this.#layer(
        randomUUID(),
        (staged) => from.#copyChanges(of, stack, deep, staged, still, wishes()),
        (layer) => this.#stand(id, [layer, ...below], of.image, isSnapshot),
      );
    });
  }

  /** What the root had is given up when its link says so, and not before. */
  async restore(snapshot: Source, root: string): Promise<void> {
    await this.#renew(root, await this.layersOf(snapshot), snapshot.image);
    await this.#discard(this.#role.changes(this.#layers.place(root, own)));
  }

  async remove(id: string): Promise<void> {
    await removeTree(this.#layout.volume(id));
    await this.#stacks.drop(id);
  }

  /** The layers that hold all of a root which does not run, or of a snapshot. */
  async layersOf(of: Source): Promise<readonly string[]> {
    const { head, below } = await this.#stacks.of(of.id);
    if (head === none) return below;
    const sealed = await this.#sealed(of);
    if (sealed) return sealed;
    return this.#cut(of, randomUUID(), null, (below) => this.#renew(of.id, below, of.image));
  }

  /** Makes the changes of a root a layer, if there are any; null when it is as deep as it may be. */
  async #sealed(root: Source): Promise<readonly string[] | null> {
    const stack = await this.#stacks.of(root.id);
    if (await this.#role.untouched(this.#layers.place(root.id, stack.head), this.#layers.chain(stack.below, root.image)))
      return stack.below;
    if (stack.below.length >= deepest) return null;
    const below = [stack.head === own ? await this.#ownToLayer(root.id, stack) : stack.head, ...stack.below];
    await this.#renew(root.id, below, root.image);
    return below;
  }

  /** Its name as a layer is the root's: it has one only once. */
  async #ownToLayer(id: string, stack: Stack): Promise<string> {
    const from = this.#role.changes(this.#layers.place(id, own));
    await makeDirectory(this.#layout.layer(id));
    await rename(from, this.#layers.changes(id));
    this.#stacks.assume(id, { ...stack, head: id });
    return id;
  }

  /** Puts new, empty changes on these layers under a root. */
  async #renew(id: string, below: readonly string[], image: string | null): Promise<void> {
    const head = randomUUID();
    const place = this.#layers.place(id, head);
    try {
      await makeDirectory(place.directory);
      await this.#driver.create.create(place, this.#layers.chain(below, image));
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
    await this.#layer(
      layer,
      (staged) => this.#copyChanges(root, stack, deep, staged, still, {}),
      () => name(below),
    );
    return below;
  }

  /** Makes a layer, and has `name` let somebody stand on it. */
  async #layer(layer: string, make: (staged: RootPlace) => Promise<void>, name: (layer: string) => Promise<void>): Promise<void> {
    try {
      await this.#layers.make(layer, make);
      await name(layer);
    } catch (error) {
      await this.#stacks.discard(layer);
      throw error;
    }
  }

  /** Puts a root, with new changes of its own, or a snapshot on these layers. */
  async #stand(id: string, below: readonly string[], image: string | null, isSnapshot: boolean): Promise<void> {
    if (isSnapshot) await this.#stacks.put(id, { head: none, below });
    else await this.#renew(id, below, image);
  }

  async #copyChanges(root: Source, stack: Stack, merge: boolean, to: RootPlace, still: Still | null, wishes: CopyWishes): Promise<void> {
    const trees = [stack.head, ...(merge ? stack.below : [])].map((layer) => this.#layers.place(root.id, layer));
    await this.#role.copy(trees, to, still, wishes);
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
}
