import { isApiError } from '#lib/client';
import type { WireOperation } from '#lib/contract';
import { finish } from '../run/progress.ts';

/** Makes room for what is to have the same name: where there is nothing of it, `owner` tells whether that of which it is is there. */
export async function dropped(
  call: Parameters<typeof finish>[0],
  what: string,
  drop: () => Promise<WireOperation>,
  owner: () => Promise<unknown>,
): Promise<void> {
  try {
    await finish(call, await drop(), `Deleting ${what}`);
  } catch (error) {
    if (!isApiError(error, 404)) throw error;
    await owner();
  }
}
