import { print } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume>',
  flags: {},
  async run({ args, client, io, config }) {
    const pool = localName(args[0], 'storage pool');
    const name = customName(args[1]);
    await client.pools.deleteVolume(pool, name);
    if (!config.quiet) print(io, `Storage volume ${name} deleted`);
  },
});
