import { copyTree as copy } from '../native.ts';

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

/** Copies directories of changes that lie over each other on an overlay, the uppermost first, to one that does what they do. */
export function mergeLayers(layers: readonly string[], to: string, wishes: CopyWishes = {}): Promise<number> {
  return run(layers, to, wishes);
}

async function run(from: string | number | readonly string[], to: string, { onBytes, signal }: CopyWishes): Promise<number> {
  signal?.throwIfAborted();
  const { done, cancel } = copy(from, to, onBytes ?? null);
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
