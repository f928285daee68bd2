import type { JsonObject } from '#lib/base';
import { LxError } from '#lib/contract';
import type { LiveContext } from '#lib/engine';
import { isErrno, type Keeper } from '#lib/host';
import { obey } from './control.ts';
import { started } from './exec.ts';
import { onAbort, pipeStream, pumpIn, pumpOut, sendEnd } from './stream.ts';

export const consoleSockets = ['0', 'control'];

/** Joins the client's socket and the instance's console until the client leaves or the instance ends. */
export async function runConsole(keeper: Keeper, size: { columns: number; rows: number }, live: LiveContext): Promise<JsonObject> {
  const socket = await live.socket('0', 5000);
  const stream = pipeStream(await attached(keeper), 'both');
  try {
    const leave = () => stream.destroy();
    onAbort(live.signal, leave);
    const resize = (columns: number, rows: number) => void keeper.resizeConsole(columns, rows).catch(() => {});
    if (size.columns && size.rows) resize(size.columns, size.rows);
    live.socket('control').then(
      (control) => obey(control, { resize, signal: () => {}, lost: leave }),
      () => {},
    );
    pumpIn(socket, stream, { ended: () => {}, gone: leave });
    await pumpOut(stream, socket);
    await sendEnd(socket, live.signal);
    return {};
  } finally {
    stream.destroy();
  }
}

async function attached(keeper: Keeper): Promise<number> {
  try {
    return await started(keeper.attachConsole());
  } catch (error) {
    if (isErrno(error, 'EBUSY')) throw new LxError('console.busy', undefined, { cause: error });
    throw error;
  }
}
