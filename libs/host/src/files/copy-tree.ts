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
export async function copyTree(from: string | number, to: string, wishes: CopyWishes = {}): Promise<number> {
  return run(from, to, wishes);
}

/**
 * `copyTree` of a tree that may be changing, as it is while `still` runs what it is given; null: it is at rest. A large one is
 * copied before, beside `to`, so that in there only what has changed meanwhile takes its time; where that cannot be, all of it is
 * copied in there. Nobody is held still for a copy that has been ended.
 */
export async function cutTree(
  from: string,
  to: string,
  still: ((cut: () => Promise<void>) => Promise<void>) | null,
  wishes: CopyWishes = {},
): Promise<void> {
  if (still === null) return void (await run(from, to, wishes));
  const early = `${to}.early`;
  await removeTree(early);
  const { bytes, before } = await copyBefore(from, early, wishes);
  const { onBytes, signal } = wishes;
  try {
    signal?.throwIfAborted();
    await still(async () => {
      await run(from, to, { ...(signal && { signal }), ...(onBytes && { onBytes: (more) => onBytes(bytes + more) }) }, before);
    });
  } finally {
    await removeTree(early);
  }
}

/** Fails where the tree is changed in ways that the copy that counts is spared; what else is wrong is for that one to tell. */
async function copyBefore(from: string, early: string, wishes: CopyWishes): Promise<{ bytes: number; before?: EarlierTree }> {
  if (!(await isLargeTree(from))) return { bytes: 0 };
  const begun = copyTreeBefore(from, early, wishes.onBytes ?? null);
  try {
    return { bytes: await ended(begun, wishes.signal), before: begun.before };
  } catch {
    await removeTree(early);
    return { bytes: 0 };
  }
}

/**
 * Copies what differs between two trees that are at rest to a directory of changes, which make `from` of `base` on an overlay. Bytes
 * are those that were copied or compared.
 */
export async function copyDifferences(from: string, base: string, to: string, wishes: CopyWishes = {}): Promise<number> {
  wishes.signal?.throwIfAborted();
  return ended(copy(from, to, wishes.onBytes ?? null, undefined, base), wishes.signal);
}

/** Copies directories of changes that lie over each other on an overlay, the uppermost first, to one that does what they do. */
export async function mergeLayers(layers: readonly string[], to: string, wishes: CopyWishes = {}): Promise<number> {
  return run(layers, to, wishes);
}

function run(from: string | number | readonly string[], to: string, wishes: CopyWishes, before?: EarlierTree): Promise<number> {
  wishes.signal?.throwIfAborted();
  return ended(copy(from, to, wishes.onBytes ?? null, before), wishes.signal);
}

async function ended({ done, cancel }: ReturnType<typeof copy>, signal: AbortSignal | undefined): Promise<number> {
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
