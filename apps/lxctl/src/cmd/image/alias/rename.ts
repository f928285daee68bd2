import { localName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<alias> <new-name>',
  flags: {},
  async run({ args, client }) {
    await client.images.renameAlias(localName(args[0], 'alias'), localName(args[1], 'alias'));
  },
});
