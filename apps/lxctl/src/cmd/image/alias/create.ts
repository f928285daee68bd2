import { localName } from '../../../run/name.ts';
import { defineVerb, text } from '../../../run/verb.ts';
import { fingerprintOf } from '../find.ts';

export const verb = defineVerb({
  args: '<alias> <image>',
  flags: { description: text('--description <text>', 'Description') },
  async run({ args, flags, client }) {
    const [alias, image] = args;
    const name = localName(alias, 'alias');
    const target = await fingerprintOf(client, image);
    await client.images.createAlias({ name, target, description: flags.description });
  },
});
