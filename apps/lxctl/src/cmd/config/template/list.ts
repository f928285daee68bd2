import { formatFlag, writeListing } from '../../../output/format.ts';
import { instanceName } from '../../../run/name.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '<instance>',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    const names = await client.instances.templates(instanceName(args[0]));
    await writeListing(io, flags.format, { headers: ['FILENAME'], rows: names.map((name) => [name]), objects: names });
  },
});
