import { copyTree as copy, copyTreeBefore, isLargeTree } from '../native.ts';
import { removeTree } from './remove-tree.ts';

type EarlierTree = ReturnType<typeof copyTreeBefore>['before'];

export interface CopyWishes {
  /** Hears now and then how many bytes of contents are there. */
  onBytes?: (bytes: number) => void;
  /** Ends the copy: it rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Copies a directory, given by its path or a descriptor, to `to`, which is not there yet: contents, by reference where the
 * file system can and with their holes, owners, modes, times, extended attributes, hard links, symlinks, nodes. Nothing is
 * reached by a path, so the tree may be a guest's. The bytes of all contents; what a failure leaves at `to` is the caller's.
 */
export function copyTree(from: string | number, to: string, wishes: CopyWishes = {}): Promise<number> {
  return run(from, to, wishes);
}

/**
 * `copyTree` of a tree that may be changing, as it is while `still` runs what it is given; null: it is at rest. A large one is
 * copied before, beside `to`, so that in there only what has changed meanwhile takes its time; where that cannot be, all of it is
 * copied in there.
 */
export async function cutTree(from: string, to: string, still: ((cut: () => Promise<void>) => Promise<void>) | null): Promise<void> {
  if (still === null) return void (await run(from, to, {}));
  const early = `${to}.early`;
  await removeTree(early);
  const before = await copyBefore(from, early);
  try {
    await still(async () => {
      await run(from, to, {}, before);
    });
  } finally {
    await removeTree(early);
  }
}

/** Fails where the tree is changed in ways that the copy that counts is spared; what else is wrong is for that one to tell. */
async function copyBefore(from: string, early: string): Promise<EarlierTree | undefined> {
  if (!(await isLargeTree(from))) return undefined;
  const { done, before } = copyTreeBefore(from, early);
  try {
    await done;
    return before;
  } catch {
    await removeTree(early);
    return undefined;
  }
}

/** Copies directories of changes that lie over each other on an overlay, the uppermost first, to one that does what they do. */
export function mergeLayers(layers: readonly string[], to: string, wishes: CopyWishes = {}): Promise<number> {
  return run(layers, to, wishes);
}

async function run(
  from: string | number | readonly string[],
  to: string,
  { onBytes, signal }: CopyWishes,
  before?: EarlierTree,
): Promise<number> {
  signal?.throwIfAborted();
  const { done, cancel } = copy(from, to, onBytes ?? null, before);
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await done;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}
