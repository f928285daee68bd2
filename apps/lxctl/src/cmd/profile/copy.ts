import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<profile> <new-name>',
  flags: {},
  async run({ args, client }) {
    const { config, description, devices } = await client.profiles.get(localName(args[0], 'profile'));
    await client.profiles.create({ name: localName(args[1], 'profile'), config, description, devices });
  },
});
