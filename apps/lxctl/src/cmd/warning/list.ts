import type { WireWarning } from '#lib/contract';
import { formatFlag, writeListing } from '../../output/format.ts';
import { moment } from '../../output/units.ts';
import { onlyRemote } from '../../run/name.ts';
import { defineVerb, text, toggle, UsageError } from '../../run/verb.ts';

interface Column {
  header: string;
  cell(warning: WireWarning): string;
}

const columns: Record<string, Column> = {
  u: { header: 'UUID', cell: ({ uuid }) => uuid },
  t: { header: 'TYPE', cell: ({ type }) => type },
  S: { header: 'STATUS', cell: ({ status }) => status.toUpperCase() },
  s: { header: 'SEVERITY', cell: ({ severity }) => severity.toUpperCase() },
  c: { header: 'COUNT', cell: ({ count }) => String(count) },
  p: { header: 'PROJECT', cell: ({ project }) => project },
  L: { header: 'LOCATION', cell: ({ location }) => location },
  l: { header: 'LAST SEEN', cell: ({ last_seen_at }) => moment(last_seen_at) },
  f: { header: 'FIRST SEEN', cell: ({ first_seen_at }) => moment(first_seen_at) },
};

export const verb = defineVerb({
  args: '[remote]',
  details: [
    'Those that are new; with --all also acknowledged and resolved ones.',
    'Columns: u id, t type, S status, s severity, c count, p project, L location, l last seen, f first seen.',
  ].join('\n'),
  flags: {
    all: toggle('-a, --all', 'List all warnings'),
    columns: text('-c, --columns <columns>', 'Columns', 'utSscpl'),
    format: formatFlag(),
  },
  async run({ args, flags, client, io }) {
    onlyRemote(args[0]);
    const chosen = Array.from(flags.columns.replaceAll(',', ''), (letter) => {
      const column = Object.hasOwn(columns, letter) ? columns[letter] : undefined;
      if (!column) throw new UsageError(`Unknown column "${letter}" (-c); known are ${Object.keys(columns).join('')}`);
      return column;
    });
    const warnings = (await client.warnings.list()).filter(({ status }) => flags.all || status === 'new');
    const rows = warnings.map((warning) => chosen.map((column) => column.cell(warning)));
    await writeListing(io, flags.format, { headers: chosen.map((column) => column.header), rows, objects: warnings });
  },
});
