import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<alias...>',
  flags: {},
  async run({ args, client }) {
    for (const name of args.map((alias) => localName(alias, 'alias'))) await client.images.deleteAlias(name);
  },
});
