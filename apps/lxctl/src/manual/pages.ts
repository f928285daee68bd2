import { globalFlags } from '../run/parse.ts';
import { isGroup, leaves, type Leaf, type Tree } from '../run/tree.ts';
import type { AnyVerb, Flag } from '../run/verb.ts';

/** The manual, by the names of its pages: `lxctl`, and `lxctl-image-list` for each command. man(7). */
export async function manPages(tree: Tree, version: string): Promise<[name: string, page: string][]> {
  const commands = await Promise.all(
    leaves(tree).map(async ({ path, node }): Promise<[string, string]> => {
      const { verb } = await node.load();
      return [pageName(path), commandPage(path, node, verb, version)];
    }),
  );
  return [['lxctl', overview(tree, version)], ...commands];
}

const pageName = (path: readonly string[]) => ['lxctl', ...path].join('-');

function commandPage(path: readonly string[], { about, aliases }: Leaf, verb: AnyVerb, version: string): string {
  const usage: string = verb.usage ?? verb.args;
  const name = pageName(path);
  return page(name, version, [
    section('NAME', `${text(name)} \\- ${text(about)}`),
    section('SYNOPSIS', `.B ${text(['lxctl', ...path].join(' '))}\n${text(`${usage}${usage ? ' ' : ''}[flags]`)}`),
    verb.details || aliases.length > 0 ? section('DESCRIPTION', paragraphs(verb.details ?? '', aliases)) : '',
    section('OPTIONS', options({ ...verb.flags, ...globalFlags })),
    verb.examples?.length ? section('EXAMPLES', `.nf\n${verb.examples.map(text).join('\n')}\n.fi`) : '',
    section('SEE ALSO', '.BR lxctl (1)'),
  ]);
}

function overview(tree: Tree, version: string): string {
  return page('lxctl', version, [
    section('NAME', 'lxctl \\- system containers from the command line'),
    section('SYNOPSIS', '.B lxctl\ncommand [flags]'),
    section(
      'DESCRIPTION',
      text('Works with the daemon lxctld by its socket. "lxctl <command> --help" tells what a command does, as its manual page does.'),
    ),
    section('COMMANDS', listed(tree, [])),
    section(
      'ENVIRONMENT',
      entry('LXCTL_SOCKET', 'The socket of the daemon.') +
        entry('LXCTL_DIR', 'Without LXCTL_SOCKET: the directory that holds unix.socket, /var/lib/lxctl unless set.'),
    ),
    section(
      'EXIT STATUS',
      text('1 for a failure, which is one line on the standard error. exec and shell give the status of the command inside.'),
    ),
  ]);
}

function listed(verbs: Tree, path: readonly string[]): string {
  return Object.entries<Tree[string]>(verbs)
    .map(([word, node]) => (isGroup(node) ? listed(node.verbs, [...path, word]) : entry([...path, word].join(' '), node.about)))
    .join('');
}

function options(flags: Record<string, Flag<unknown>>): string {
  return Object.values(flags)
    .map(({ spec, about }) => entry(spec, about))
    .join('');
}

function page(name: string, version: string, sections: readonly string[]): string {
  return `.TH "${name.toUpperCase()}" 1 "" "lxctl ${text(version)}" "lxctl"\n${sections.filter(Boolean).join('')}`;
}

const section = (title: string, body: string) => `.SH ${title}\n${body.replace(/\n$/, '')}\n`;
const entry = (term: string, about: string) => `.TP\n.B ${text(term)}\n${text(about)}\n`;

function paragraphs(details: string, aliases: readonly string[]): string {
  const parts = details.split('\n\n').map((part) => text(part.replaceAll('\n', ' ')));
  if (aliases.length > 0) parts.push(text(`Also: ${aliases.join(', ')}.`));
  return parts.filter(Boolean).join('\n.PP\n');
}

/** A line that begins with a dot or a quote would be a request; a hyphen would be set as a dash. */
function text(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/gm, '\\&');
}
