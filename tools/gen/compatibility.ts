import { type ClientName, commandOf, commandsOf } from '../../e2e/clients/walk/commands.ts';
import { life } from '../../e2e/clients/walk/life.ts';
import { elsewhere, refusals } from '../../e2e/clients/walk/refusals.ts';
import { code, table } from './table.ts';

/** What the walk shows of one command of a stock client; `missing` where it shows nothing. */
export function outcomeOf(client: ClientName, command: string): string {
  if (life.some(({ clients, run }) => clients.includes(client) && commandOf(client, run) === command)) return 'works';
  const [spec, , limit] = elsewhere[client][command] ?? [];
  if (spec) return `works ${limit ? `${limit} ` : ''}(${code(spec)})`;
  const refused = refusals.find(
    ({ clients, commands }) => clients.includes(client) && commands.some((each) => command === each || command.startsWith(`${each} `)),
  );
  return refused ? `refused: ${refused.why}` : 'missing';
}

function section(client: ClientName, title: string): string {
  const rows = commandsOf(client).map((command) => [code(`${client} ${command}`), outcomeOf(client, command)]);
  const count = (word: string) => rows.filter(([, outcome]) => outcome?.startsWith(word)).length;
  return `## ${title}

${rows.length} commands: ${count('works')} work, ${count('refused')} are refused, ${count('missing')} are missing.

${table(['Command', 'Here'], rows)}
`;
}

/** docs/reference/compatibility.md */
export function compatibilityPage(): string {
  return `# Commands of the stock clients

What each command of the unchanged clients of LXD and Incus meets here. \`npm test -- clients\` walks all that are said to work and one
of each kind that is refused (\`e2e/clients/walk.e2e-spec.ts\`), and looks that no command of theirs is left out here.
What is missing is neither: it may work in part, but no test shows it.

${section('lxc', 'lxc of LXD 5.0.2')}
${section('incus', 'incus 6.0')}`;
}
