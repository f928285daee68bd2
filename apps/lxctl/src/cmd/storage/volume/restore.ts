import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';
import { customName } from './volume-noun.ts';

export const verb = defineVerb({
  args: '<pool> <volume> <snapshot>',
  details: 'The content becomes that of the snapshot; configuration and description stay. No instance that runs may have it.',
  examples: ['lxctl storage volume restore default data before-upgrade'],
  flags: {},
  async run({ args, client }) {
    await client.pools.restoreVolume(localName(args[0], 'storage pool'), customName(args[1]), args[2]);
  },
});
