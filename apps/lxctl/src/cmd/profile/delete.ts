import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<profile>',
  flags: {},
  async run({ args, client, io, config }) {
    const name = localName(args[0], 'profile');
    await client.profiles.delete(name);
    if (!config.quiet) print(io, `Profile ${name} deleted`);
  },
});
