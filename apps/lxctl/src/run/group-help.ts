import { absent } from '../tree.ts';
import type { Surroundings } from './execute.ts';
import type { Group, Tree } from './tree.ts';
import { UsageError } from './verb.ts';

/** `lxctl`, `lxctl image`, `--help`, `--version`, `help VERB`; anything else is an unknown word. */
export async function answerGroup(path: readonly string[], group: Group, rest: readonly string[], around: Surroundings): Promise<number> {
  const [first] = rest;
  if (path.length === 0 && first === '--version') {
    around.io.stdout.write(`${around.version}\n`);
    return 0;
  }
  const unknown = rest.find((word) => !['-h', '--help', '-q', '--quiet'].includes(word));
  if (unknown !== undefined) throw new UsageError(unknownWord(path, group, unknown));
  around.io.stdout.write(groupHelp(path, group));
  return 0;
}

function groupHelp(path: readonly string[], group: Group): string {
  const name = ['lxctl', ...path].join(' ');
  const about = path.length === 0 ? 'System containers from the command line.' : group.about;
  const rows = Object.entries<Tree[string]>(group.verbs).map(([word, node]) => `  ${word.padEnd(14)} ${node.about}`);
  return `${about}\n\nUsage: ${name} <command>\n\nCommands:\n${rows.join('\n')}\n\n"${name} <command> --help" tells more about a command.\n`;
}

function unknownWord(path: readonly string[], group: Group, word: string): string {
  const name = ['lxctl', ...path].join(' ');
  if (word.startsWith('-')) return `unknown flag ${word} (see "${name} --help")`;
  const words = absent[path.join(' ')] ?? {};
  const lack = Object.hasOwn(words, word) ? words[word] : undefined;
  if (lack !== undefined) return `"${name} ${word}" is not supported: this version does not have ${lack}`;
  const [near] = Object.keys(group.verbs)
    .map((known) => ({ known, far: distance(known, word) }))
    .filter(({ far }) => far <= 2)
    .sort((a, b) => a.far - b.far);
  return `unknown command "${word}" for "${name}"${near ? `; did you mean "${near.known}"?` : ` (see "${name} --help")`}`;
}

/** How many slips apart two words are: a letter wrong, missing, too many, or two swapped. More than two count as three. */
function distance(a: string, b: string, allowed = 3): number {
  let same = 0;
  while (same < a.length && a[same] === b[same]) same += 1;
  const [left, right] = [a.slice(same), b.slice(same)];
  if (left === right) return 0;
  if (allowed <= 1) return 1;
  const swapped = left[0] === right[1] && left[1] === right[0];
  const ways: [string, string][] = [
    [left.slice(1), right.slice(1)],
    [left.slice(1), right],
    [left, right.slice(1)],
    ...(swapped ? [[left.slice(2), right.slice(2)] as [string, string]] : []),
  ];
  return 1 + Math.min(...ways.map(([x, y]) => distance(x, y, allowed - 1)));
}
