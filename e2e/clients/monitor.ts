import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { StockLxc } from './stock-lxc.ts';

/** What `monitor` of a stock client says until that is all that is wanted. `act` is done again until it is seen. */
export async function monitor(
  client: StockLxc,
  flags: readonly string[],
  wanted: readonly RegExp[],
  act: () => Promise<unknown>,
): Promise<string> {
  const child = spawn(client.program.path, ['monitor', ...flags], { env: client.environment(), stdio: ['ignore', 'pipe', 'pipe'] });
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  const missing = () => wanted.some((each) => !each.test(seen));
  while (missing()) {
    // It may not listen yet when the first round begins.
    await act();
    if (missing()) await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), client.ok('list')]);
  }
  child.kill();
  await once(child, 'exit');
  return seen;
}
