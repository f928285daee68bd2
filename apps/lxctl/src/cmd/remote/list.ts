import { formatFlag, writeListing } from '../../output/format.ts';
import { ImageServers } from '../../remote/image-servers.ts';
import { defineVerb } from '../../run/verb.ts';

export const verb = defineVerb({
  args: '',
  flags: { format: formatFlag() },
  async run({ flags, io, config }) {
    const servers = Object.entries(await new ImageServers(io).all());
    const rows = servers.map(([name, { addr, protocol }]) => [name, addr, protocol, 'YES']);
    const local = ['local (current)', `unix://${config.socketPath}`, 'lxd', 'NO'];
    const headers = ['NAME', 'URL', 'PROTOCOL', 'PUBLIC'];
    await writeListing(io, flags.format, { headers, rows: [...rows, local], objects: Object.fromEntries(servers) });
  },
});
