import { onlyRemote } from '../../run/name.ts';
import { ConnectError } from '#lib/client';
import type { WireServerEnvironment } from '#lib/contract';
import { print } from '../../output/print.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[remote]',
  flags: {},
  async run({ args, client, io, config }) {
    onlyRemote(args[0]);
    const server = await client.server.get().then(
      ({ environment }) => versions(environment ?? {}),
      (error: unknown) => {
        if (error instanceof ConnectError) return 'unreachable';
        throw error;
      },
    );
    print(io, `Client version: ${config.version}\nServer version: ${server}`);
  },
});

/** lxctl's own version, and the level of LXD's API that it speaks; another server has only the latter. */
function versions({ server, driver_version: own, server_version: api }: Partial<WireServerEnvironment>): string {
  return server === 'lxctl' && own ? `${own} (API of LXD ${api})` : api || 'unknown';
}
