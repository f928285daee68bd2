import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<alias...>',
  flags: {},
  async run({ args, client }) {
    for (const alias of args) await client.images.deleteAlias(localName(alias));
  },
});
