import { randomUUID } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { exists } from '#lib/host';
import type { PoolLayout } from './layout.ts';

/**
 * Puts what was made in `staged` in the place of `directory`. Killed between the two renames, it finds no directory when it is
 * called again and puts it there. Where the old one is now, to be removed; a start of the daemon sweeps it.
 */
export async function exchange(layout: PoolLayout, staged: string, directory: string): Promise<string> {
  const old = join(layout.unpacking, randomUUID());
  const had = await exists(directory);
  if (had) await rename(directory, old);
  try {
    await rename(staged, directory);
  } catch (error) {
    if (had) await rename(old, directory);
    throw error;
  }
  return old;
}
