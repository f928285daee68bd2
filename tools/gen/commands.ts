import { globalFlags } from '../../apps/lxctl/src/run/parse.ts';
import { leaves } from '../../apps/lxctl/src/run/tree.ts';
import type { Flag } from '../../apps/lxctl/src/run/verb.ts';
import { tree } from '../../apps/lxctl/src/tree.ts';
import { code, table } from './table.ts';

/** docs/reference/commands.md */
export async function commandsPage(): Promise<string> {
  const sections: string[] = [];
  for (const { path, node } of leaves(tree)) {
    const { verb } = await node.load();
    const name = `lxctl ${path.join(' ')}`;
    const usage: string = verb.usage ?? verb.args;
    const aliases = node.aliases.length > 0 ? `Also: ${node.aliases.map(code).join(', ')}.` : '';
    const paragraphs = [
      `## ${name}`,
      `${node.about}. ${aliases}`.trim(),
      fence(`${name}${usage ? ` ${usage}` : ''}`),
      verb.details ? verb.details.replace(/([^\n])\n(?=[^\n])/g, '$1 ').replaceAll('<', '&lt;') : '',
      flagTable(verb.flags),
      verb.examples?.length ? fence(verb.examples.join('\n')) : '',
    ];
    sections.push(paragraphs.filter(Boolean).join('\n\n'));
  }
  return `# Commands of lxctl

Every verb and its flags. All of them take these too:

${flagTable(globalFlags)}

The socket is \`$LXCTL_SOCKET\`, else \`$LXCTL_DIR/unix.socket\`, else \`/var/lib/lxctl/unix.socket\`. Failures are one line on the
standard error and exit code 1; \`exec\` and \`shell\` give the exit code of the command inside.

${sections.join('\n\n')}
`;
}

function flagTable(flags: Record<string, Flag<unknown>>): string {
  const rows = Object.values(flags).map((flag) => [code(flag.spec), flag.about]);
  return rows.length === 0 ? '' : table(['Flag', 'Meaning'], rows);
}

function fence(text: string): string {
  return `\`\`\`\n${text}\n\`\`\``;
}
