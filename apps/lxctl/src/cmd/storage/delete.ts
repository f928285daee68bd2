import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<pool>',
  flags: {},
  async run({ args, client, io, config }) {
    const name = localName(args[0], 'storage pool');
    await client.pools.delete(name);
    if (!config.quiet) print(io, `Storage pool ${name} deleted`);
  },
});
