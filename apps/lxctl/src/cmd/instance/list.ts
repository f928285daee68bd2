import { localFilters } from '../../run/name.ts';
import type { WireInstanceFull } from '#lib/contract';
import { formatFlag, writeListing } from '../../output/format.ts';
import { byName } from '../../output/units.ts';
import { defineVerb, text, toggle, UsageError } from '../../run/verb.ts';
import { fastColumns, needsState, parseColumns } from './list/columns.ts';
import { matches } from './list/filter.ts';

const usual = 'ns46tS';

export const verb = defineVerb({
  args: '[filter...]',
  details: [
    'A filter is the beginning of a name or an expression for the whole of it, a config key with its value (user.role=web,',
    'also abbreviated: u.role=web; user.role= finds those without the key), name= or description= with an expression for the',
    'whole, or type=, status=, architecture=, location=, project=, ipv4= or ipv6= (an address or a network) with one or more',
    'values, separated by commas. Several filters must all hold.',
    '',
    'Columns: 4 IPv4, 6 IPv6, a architecture, b pool, c created, d description, D disk use, e project, f/F base image,',
    'l last used, L location, m memory, M share of its memory limit, n name, N processes, p pid of init, P profiles,',
    's state, S snapshots, t type, u cpu time; or [config:|devices:]KEY[:NAME][:WIDTH], separated by commas.',
  ].join('\n'),
  examples: ['lxctl list web status=running', 'lxctl list -c ns4,limits.memory:LIMIT', 'lxctl list -f json'],
  flags: {
    columns: text('-c, --columns <columns>', `Columns (default "${usual}")`),
    fast: toggle('--fast', `The same as -c ${fastColumns}; goes without -c`),
    format: formatFlag(),
    allProjects: toggle('--all-projects', 'Instances of all projects'),
  },
  async run({ args, flags, client, io }) {
    if (flags.fast && flags.columns !== undefined) throw new UsageError("Can't specify --fast with --columns");
    const layout = flags.fast ? fastColumns : (flags.columns ?? usual);
    const filters = localFilters(args);
    const columns = parseColumns(flags.allProjects && !layout.includes('e') ? `e${layout}` : layout);
    const whole =
      flags.format === 'json' || flags.format === 'yaml' || needsState(layout) || filters.some((filter) => /^ipv[46]=/.test(filter));
    const query = { recursion: whole ? 2 : 1, filter: '', 'all-projects': flags.allProjects ? 'true' : undefined };
    const instances = await client.api.get<WireInstanceFull[]>('/1.0/instances', query);
    const chosen = instances.filter((instance) => matches(instance, filters)).sort(byName);
    const rows = chosen.map((instance) => columns.map((column) => column.cell(instance)));
    await writeListing(io, flags.format, { headers: columns.map((column) => column.header), rows, objects: chosen });
  },
});
