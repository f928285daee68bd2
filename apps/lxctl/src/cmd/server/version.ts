import { ConnectError } from '#lib/client';
import { print } from '../../run/io.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[remote]',
  flags: {},
  async run({ client, io, config }) {
    const server = await client.server.get().then(
      ({ environment }) => environment?.server_version || 'unknown',
      (failure: unknown) => {
        if (failure instanceof ConnectError) return 'unreachable';
        throw failure;
      },
    );
    print(io, `Client version: ${config.version}\nServer version: ${server}`);
  },
});
