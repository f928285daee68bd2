import type { Surroundings } from './execute.ts';
import type { Group, Tree } from './tree.ts';
import { UsageError } from './verb.ts';

/** `lxctl`, `lxctl image`, `--help`, `--version`, `help VERB`; anything else is an unknown word. */
export async function answerGroup(path: readonly string[], group: Group, rest: readonly string[], around: Surroundings): Promise<number> {
  const [first, ...more] = rest;
  if (path.length === 0 && first === '--version') {
    around.io.stdout.write(`${around.version}\n`);
    return 0;
  }
  if (path.length === 0 && first === 'help') {
    const { run } = await import('../run.ts');
    return run(more.length === 0 ? ['--help'] : [...more, '--help'], around);
  }
  const unknown = rest.find((word) => !['-h', '--help', '-q', '--quiet'].includes(word));
  if (unknown !== undefined) throw new UsageError(unknownWord(path, group, unknown));
  around.io.stdout.write(groupHelp(path, group));
  return 0;
}

export function groupHelp(path: readonly string[], group: Group): string {
  const name = ['lxctl', ...path].join(' ');
  const about = path.length === 0 ? 'System containers from the command line.' : group.about;
  const rows = Object.entries<Tree[string]>(group.verbs).map(([word, node]) => `  ${word.padEnd(14)} ${node.about}`);
  return `${about}\n\nUsage: ${name} <command>\n\nCommands:\n${rows.join('\n')}\n\n"${name} <command> --help" tells more about a command.\n`;
}

function unknownWord(path: readonly string[], group: Group, word: string): string {
  const name = ['lxctl', ...path].join(' ');
  if (word.startsWith('-')) return `unknown flag ${word} (see "${name} --help")`;
  const [near] = Object.keys(group.verbs)
    .map((known) => ({ known, far: distance(known, word) }))
    .filter(({ far }) => far <= 2)
    .sort((a, b) => a.far - b.far);
  return `unknown command "${word}" for "${name}"${near ? `; did you mean "${near.known}"?` : ` (see "${name} --help")`}`;
}

/** How many slips apart two words are: a letter wrong, missing, too many, or two swapped (Damerau). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_value, at) => at)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? (rows[i - 2]?.[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min((rows[i - 1]?.[j - 1] ?? 0) + cost, (rows[i - 1]?.[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, swapped));
    }
    rows.push(row);
  }
  return rows.at(-1)?.at(-1) ?? 0;
}
