import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<network>',
  flags: {},
  async run({ args, client, io, config }) {
    const name = localName(args[0], 'network');
    await client.networks.delete(name);
    if (!config.quiet) print(io, `Network ${name} deleted`);
  },
});
