import { localFilters } from '../../../run/name.ts';
import { formatFlag, writeListing } from '../../../output/format.ts';
import { byName } from '../../../output/units.ts';
import { defineVerb } from '../../../run/verb.ts';

export const verb = defineVerb({
  args: '[filter...]',
  details: 'A filter is a part of the alias or the beginning of the fingerprint.',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    const wanted = localFilters(args);
    const aliases = (await client.images.aliases())
      .filter(({ name, target }) => wanted.every((filter) => name.includes(filter) || target.startsWith(filter)))
      .sort(byName);
    const rows = aliases.map(({ name, target, type, description }) => [name, target.slice(0, 12), type.toUpperCase(), description]);
    await writeListing(io, flags.format, { headers: ['ALIAS', 'FINGERPRINT', 'TYPE', 'DESCRIPTION'], rows, objects: aliases });
  },
});
