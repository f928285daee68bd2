import { onlyRemote } from '../../run/name.ts';
import { formatFlag, writeListing } from '../../output/format.ts';
import { byName } from '../../output/units.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[remote]',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    onlyRemote(args[0]);
    const profiles = (await client.profiles.list()).sort(byName);
    const rows = profiles.map(({ name, description, used_by }) => [name, description, String(used_by?.length ?? 0)]);
    await writeListing(io, flags.format, { headers: ['NAME', 'DESCRIPTION', 'USED BY'], rows, objects: profiles });
  },
});
