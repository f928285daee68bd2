import type { JsonObject } from '#lib/base';
import type { LiveContext } from '#lib/engine';
import type { Keeper } from '#lib/host';
import { obey } from './control.ts';
import { pipeStream, pumpIn, pumpOut } from './stream.ts';

export const consoleSockets = ['0', 'control'];

/** Joins the client's socket and the instance's console until the client leaves or the instance ends. */
export async function runConsole(keeper: Keeper, size: { columns: number; rows: number }, live: LiveContext): Promise<JsonObject> {
  const socket = await live.socket('0', 5000);
  const stream = pipeStream(await keeper.attachConsole(), 'both');
  if (size.columns && size.rows) await keeper.resizeConsole(size.columns, size.rows);
  const leave = () => stream.destroy();
  live.signal.addEventListener('abort', leave, { once: true });
  live.socket('control').then(
    (control) =>
      obey(control, { resize: (columns, rows) => void keeper.resizeConsole(columns, rows).catch(() => {}), signal: () => {}, lost: leave }),
    () => {},
  );
  pumpIn(socket, stream, { ended: () => {}, gone: leave });
  await pumpOut(stream, socket);
  socket.close();
  return {};
}
