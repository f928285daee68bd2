import { onlyRemote } from '../../run/name.ts';
import { formatFlag, writeListing } from '../../output/format.ts';
import { byName } from '../../output/units.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[remote]',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    onlyRemote(args[0]);
    const pools = (await client.pools.list()).sort(byName);
    const rows = pools.map((pool) => [
      pool.name,
      pool.driver,
      pool.config.source ?? '',
      pool.description,
      String(pool.used_by?.length ?? 0),
      pool.status.toUpperCase(),
    ]);
    await writeListing(io, flags.format, {
      headers: ['NAME', 'DRIVER', 'SOURCE', 'DESCRIPTION', 'USED BY', 'STATE'],
      rows,
      objects: pools,
    });
  },
});
