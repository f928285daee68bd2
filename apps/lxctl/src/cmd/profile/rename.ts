import { print } from '../../output/print.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<profile> <new-name>',
  flags: {},
  async run({ args, client, io, config }) {
    const [from, to] = [localName(args[0], 'profile'), localName(args[1], 'profile')];
    await client.profiles.rename(from, to);
    if (!config.quiet) print(io, `Profile ${from} renamed to ${to}`);
  },
});
