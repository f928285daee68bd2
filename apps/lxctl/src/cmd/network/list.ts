import { onlyRemote } from '../../run/name.ts';
import { formatFlag, writeListing } from '../../output/format.ts';
import { byName } from '../../output/units.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '[remote]',
  flags: { format: formatFlag() },
  async run({ args, flags, client, io }) {
    onlyRemote(args[0]);
    const networks = (await client.networks.list()).sort(byName);
    const rows = networks.map((network) => [
      network.name,
      network.type,
      network.managed ? 'YES' : 'NO',
      network.config?.['ipv4.address'] ?? '',
      network.config?.['ipv6.address'] ?? '',
      network.description,
      String(network.used_by?.length ?? 0),
      network.status.toUpperCase(),
    ]);
    const headers = ['NAME', 'TYPE', 'MANAGED', 'IPV4', 'IPV6', 'DESCRIPTION', 'USED BY', 'STATE'];
    await writeListing(io, flags.format, { headers, rows, objects: networks });
  },
});
