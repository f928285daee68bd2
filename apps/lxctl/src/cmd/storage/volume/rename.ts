import { print } from '../../../output/print.ts';
import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> <new-name>',
  flags: {},
  async run({ args, client, io, config }) {
    const pool = localName(args[0], 'storage pool');
    const newName = localName(args[2], 'storage volume');
    const name = customName(args[1]);
    await client.pools.renameVolume(pool, name, newName);
    if (!config.quiet) print(io, `Renamed storage volume from "${name}" to "${newName}"`);
  },
});
