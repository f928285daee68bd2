import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<network> <new-name>',
  flags: {},
  async run({ args, client, io, config }) {
    const [from, to] = [localName(args[0], 'network'), localName(args[1], 'network')];
    await client.networks.rename(from, to);
    if (!config.quiet) print(io, `Network ${from} renamed to ${to}`);
  },
});
