import { randomUUID } from 'node:crypto';
import { readdir, readlink, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists, isErrno, pointLink, removeTree } from '#lib/host';
import type { PoolLayout } from '../layout.ts';

/** What a root or a snapshot stands on, beside its image. */
export interface Stack {
  /** The layer that takes the root's changes, or `own`: its own directory; `none` for a snapshot. */
  head: string;
  /** Sealed layers, the uppermost first. */
  below: readonly string[];
}

export const own = '.';
export const none = '-';

/** Name of the symlink in a volume's directory whose text is its stack: `<head>:<layer>:<layer>...`. Nothing is at its end. */
const chainLink = 'chain';

/**
 * Who stands on which layers of a pool.
 *
 * INVARIANTS:
 * - A stack is the text of one symlink, which comes and changes by rename: a kill leaves the old one or the new one. What is
 *   remembered here is what the links say, or what they are about to say.
 * - A layer that no stack names goes: with the last one that did, or at the next start.
 * - A layer that is named below a head never changes.
 */
export class Stacks {
  readonly #layout: PoolLayout;
  readonly #changesOf: (layer: string) => string;
  /** Of the volumes that were used; of all that have a link when there are layers. */
  readonly #known = new Map<string, Stack>();
  /** By layer, how many stacks name it. */
  readonly #uses = new Map<string, number>();

  /** `changesOf`: the directory that makes a layer one. */
  constructor(layout: PoolLayout, changesOf: (layer: string) => string) {
    this.#layout = layout;
    this.#changesOf = changesOf;
  }

  /** Reads what is there and removes layers that no stack names. */
  async prepare(): Promise<void> {
    this.#known.clear();
    this.#uses.clear();
    const layers = await readdir(this.#layout.layers);
    if (layers.length === 0) return;
    await Promise.all((await readdir(this.#layout.volumes)).map((volume) => this.of(volume)));
    for (const layer of layers) await this.discard(layer);
  }

  async of(volume: string): Promise<Stack> {
    const known = this.#known.get(volume);
    if (known) return known;
    const stack = await this.#read(volume);
    const meanwhile = this.#known.get(volume);
    if (meanwhile) return meanwhile;
    this.#remember(volume, stack);
    return stack;
  }

  async #read(volume: string): Promise<Stack> {
    const text = await readlink(join(this.#layout.volume(volume), chainLink)).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return own;
      throw error;
    });
    const [head = own, ...below] = text.split(':');
    // Killed when its changes had become a layer, and the link did not say so yet.
    return { head: head === own && (await exists(this.#changesOf(volume))) ? volume : head, below };
  }

  async put(volume: string, stack: Stack): Promise<void> {
    const before = await this.of(volume);
    this.#use(stack, 1);
    try {
      await pointLink(join(this.#layout.volume(volume), chainLink), [stack.head, ...stack.below].join(':'));
    } catch (error) {
      this.#use(stack, -1);
      throw error;
    }
    this.#known.set(volume, stack);
    await this.#release(before);
  }

  /** For a stack that is told otherwise than by its link. */
  assume(volume: string, stack: Stack): void {
    const before = this.#known.get(volume);
    this.#remember(volume, stack);
    if (before) this.#use(before, -1);
  }

  /** The directory of `successor`, whose stack is known, has become that of `volume`. */
  async succeed(volume: string, successor: string): Promise<void> {
    const before = this.#known.get(volume);
    this.#known.set(volume, await this.of(successor));
    this.#known.delete(successor);
    if (before) await this.#release(before);
  }

  /** Keeps layers, also such that only come, while `work` has somebody stand on them. */
  async holding<T>(layers: readonly string[], work: () => Promise<T>): Promise<T> {
    const held = { head: none, below: layers };
    this.#use(held, 1);
    try {
      return await work();
    } finally {
      await this.#release(held);
    }
  }

  /** The volume's directory is gone, or never was made. */
  async drop(volume: string): Promise<void> {
    const stack = this.#known.get(volume);
    this.#known.delete(volume);
    if (stack) await this.#release(stack);
  }

  /** A layer that was made in vain; one that a stack names stays. */
  async discard(layer: string): Promise<void> {
    if (!this.#uses.has(layer)) await this.#removeLayer(layer);
  }

  #remember(volume: string, stack: Stack): void {
    this.#known.set(volume, stack);
    this.#use(stack, 1);
  }

  async #release(stack: Stack): Promise<void> {
    this.#use(stack, -1);
    for (const layer of layersOf(stack)) await this.discard(layer);
  }

  #use(stack: Stack, change: 1 | -1): void {
    for (const layer of layersOf(stack)) {
      const uses = (this.#uses.get(layer) ?? 0) + change;
      if (uses > 0) this.#uses.set(layer, uses);
      else this.#uses.delete(layer);
    }
  }

  async #removeLayer(layer: string): Promise<void> {
    const going = join(this.#layout.unpacking, randomUUID());
    try {
      await rename(this.#layout.layer(layer), going);
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return;
      throw error;
    }
    await removeTree(going);
  }
}

function layersOf({ head, below }: Stack): string[] {
  return head === own || head === none ? [...below] : [head, ...below];
}
