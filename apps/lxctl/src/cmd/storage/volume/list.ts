import type { WireVolume } from '#lib/contract';
import { formatFlag, writeListing } from '../../../output/format.ts';
import { localFilters, localName } from '../../../run/name.ts';
import { defineVerb, text, UsageError } from '../../../run/verb.ts';

interface Column {
  header: string;
  cell(volume: WireVolume): string;
}

const columns: Record<string, Column> = {
  e: { header: 'PROJECT', cell: ({ project }) => project },
  t: { header: 'TYPE', cell: ({ type, name }) => (name.includes('/') ? `${type} (snapshot)` : type) },
  n: { header: 'NAME', cell: ({ name }) => name },
  d: { header: 'DESCRIPTION', cell: ({ description }) => description },
  c: { header: 'CONTENT-TYPE', cell: ({ content_type }) => content_type },
  u: { header: 'USED BY', cell: ({ used_by }) => String(used_by?.length ?? 0) },
  L: { header: 'LOCATION', cell: ({ location }) => location },
};

export const verb = defineVerb({
  args: '<pool> [filter...]',
  details: 'A filter is a part of the name. Columns: e project, t type, n name, d description, c content type, u used by, L location.',
  flags: { columns: text('-c, --columns <columns>', 'Columns', 'tndcu'), format: formatFlag() },
  async run({ args, flags, client, io }) {
    const [pool, ...filters] = args;
    const chosen = Array.from(flags.columns.replaceAll(',', ''), (letter) => {
      const column = Object.hasOwn(columns, letter) ? columns[letter] : undefined;
      if (!column) throw new UsageError(`Unknown column "${letter}" (-c); known are ${Object.keys(columns).join('')}`);
      return column;
    });
    const wanted = localFilters(filters);
    const volumes = (await client.pools.volumes(localName(pool, 'storage pool'))).filter(({ name }) =>
      wanted.every((part) => name.includes(part)),
    );
    volumes.sort((a, b) => a.type.localeCompare(b.type) || a.name.localeCompare(b.name, 'en', { numeric: true }));
    const rows = volumes.map((volume) => chosen.map((column) => column.cell(volume)));
    await writeListing(io, flags.format, { headers: chosen.map((column) => column.header), rows, objects: volumes });
  },
});
