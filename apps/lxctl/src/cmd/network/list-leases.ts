import { formatFlag, writeListing } from '../../output/format.ts';
import { localName } from '../../run/name.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '<network>',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    const leases = await client.networks.leases(localName(args[0], 'network'));
    leases.sort(
      (a, b) =>
        a.hostname.localeCompare(b.hostname, 'en', { numeric: true }) || a.address.localeCompare(b.address, 'en', { numeric: true }),
    );
    const rows = leases.map(({ hostname, hwaddr, address, type }) => [hostname, hwaddr, address, type.toUpperCase()]);
    await writeListing(io, flags.format, { headers: ['HOSTNAME', 'MAC ADDRESS', 'IP ADDRESS', 'TYPE'], rows, objects: leases });
  },
});
