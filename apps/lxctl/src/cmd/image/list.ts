import { localFilters } from '../../run/name.ts';
import type { WireImage } from '#lib/contract';
import { formatFlag, writeListing } from '../../output/format.ts';
import { bytes, moment } from '../../output/units.ts';
import { defineVerb, text, UsageError } from '../../run/verb.ts';

interface Column {
  header: string;
  cell(image: WireImage): string;
}

const columns: Record<string, Column> = {
  l: { header: 'ALIAS', cell: shortAlias },
  L: { header: 'ALIASES', cell: ({ aliases }) => aliases.map(({ name }) => name).join('\n') },
  f: { header: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint.slice(0, 12) },
  F: { header: 'FINGERPRINT', cell: ({ fingerprint }) => fingerprint },
  p: { header: 'PUBLIC', cell: (image) => (image.public ? 'yes' : 'no') },
  d: { header: 'DESCRIPTION', cell: ({ properties }) => properties.description ?? '' },
  a: { header: 'ARCHITECTURE', cell: ({ architecture }) => architecture },
  t: { header: 'TYPE', cell: ({ type }) => type.toUpperCase() },
  s: { header: 'SIZE', cell: ({ size }) => bytes(size) },
  u: { header: 'UPLOAD DATE', cell: ({ uploaded_at }) => moment(uploaded_at) },
};

export const verb = defineVerb({
  args: '[filter...]',
  details: [
    'A filter is a part of an alias or of a fingerprint, or a property with its value (os=debian).',
    'Columns: l alias, L all aliases, f/F fingerprint, p public, d description, a architecture, t type, s size, u upload date.',
  ].join('\n'),
  flags: { columns: text('-c, --columns <columns>', 'Columns', 'lfpdatsu'), format: formatFlag() },
  async run({ args, flags, client, io }) {
    const chosen = Array.from(flags.columns.replaceAll(',', ''), (letter) => {
      const column = Object.hasOwn(columns, letter) ? columns[letter] : undefined;
      if (!column) throw new UsageError(`Unknown column "${letter}" (-c); known are ${Object.keys(columns).join('')}`);
      return column;
    });
    const wanted = localFilters(args);
    const images = (await client.images.list()).filter((image) => wanted.every((filter) => matches(image, filter)));
    images.sort(
      (a, b) => shortAlias(a).localeCompare(shortAlias(b), 'en', { numeric: true }) || a.fingerprint.localeCompare(b.fingerprint),
    );
    const rows = images.map((image) => chosen.map((column) => column.cell(image)));
    await writeListing(io, flags.format, { headers: chosen.map((column) => column.header), rows, objects: images });
  },
});

/** The shortest alias, and how many more there are. */
function shortAlias({ aliases }: WireImage): string {
  const [first] = aliases.map(({ name }) => name).sort((a, b) => a.length - b.length);
  if (first === undefined) return '';
  return aliases.length > 1 ? `${first} (${aliases.length - 1} more)` : first;
}

export function matches(image: WireImage, filter: string): boolean {
  const at = filter.indexOf('=');
  if (at > 0) return (image.properties[filter.slice(0, at)] ?? '').toLowerCase() === filter.slice(at + 1).toLowerCase();
  return image.fingerprint.startsWith(filter.toLowerCase()) || image.aliases.some(({ name }) => name.includes(filter));
}
