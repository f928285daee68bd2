import { statfs } from 'node:fs/promises';

const intervalMs = 200;
/** The least that is left free: a tenth of the file system, but no more than this. In bytes. */
const reserve = 1024 ** 3;

export interface SpaceWatch extends Disposable {
  signal: AbortSignal;
  /** Looks once more: the work may have failed by itself before the watch saw why. */
  isFull(): Promise<boolean>;
}

/**
 * Aborts `signal` when the file system of `directory` is almost full: a small image may unpack to any size, and a full disk
 * takes the database and the instances of the host with it. Dispose of it when the work is done.
 */
export async function watchSpace(directory: string): Promise<SpaceWatch> {
  const controller = new AbortController();
  const look = async () => {
    const { blocks, bavail, bsize } = await statfs(directory);
    if (bavail * bsize < Math.min(reserve, (blocks * bsize) / 10)) controller.abort();
    return controller.signal.aborted;
  };
  await look();
  // A file system that went away fails the work itself.
  const timer = setInterval(() => void look().catch(() => undefined), intervalMs);
  return { signal: controller.signal, isFull: look, [Symbol.dispose]: () => clearInterval(timer) };
}
