import { instanceName } from '../../run/name.ts';
import { type Call, choice, defineVerb, integer, many, text, toggle, UsageError } from '../../run/verb.ts';
import { join } from './terminal.ts';

export const verb = defineVerb({
  args: '<instance> <command...>',
  usage: '<instance> [--] <command> [argument...]',
  details:
    'The command is run as it is, without a shell; for one say: lxctl exec c1 -- sh -c "cd /tmp && pwd". It gets a terminal\nwhen standard input and output both are one. The exit code is that of the command.',
  flags: {
    cwd: text('--cwd <directory>', 'Directory to run in (default /root)'),
    disableStdin: toggle('-n, --disable-stdin', 'No input'),
    env: many('--env <key=value>', 'Environment variable (may be repeated)'),
    forceInteractive: toggle('-t, --force-interactive', 'Always a terminal'),
    forceNoninteractive: toggle('-T, --force-noninteractive', 'Never a terminal'),
    group: integer('--group <gid>', 'Group id to run as', 0),
    mode: choice('--mode <mode>', 'Terminal', ['auto', 'interactive', 'non-interactive'], 'auto'),
    user: integer('--user <uid>', 'User id to run as', 0),
  },
  async run(call) {
    const { flags } = call;
    const [typed, ...command] = call.args;
    if (flags.forceInteractive && flags.forceNoninteractive) throw new UsageError('-t and -T exclude each other');
    const mode = flags.forceInteractive ? 'interactive' : flags.forceNoninteractive ? 'non-interactive' : flags.mode;
    const environment = Object.fromEntries(
      flags.env.map((word) => {
        const at = word.indexOf('=');
        return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
      }),
    );
    return runCommand(call, instanceName(typed), command, {
      pty: mode === 'auto' ? call.io.terminal.in && call.io.terminal.out && !flags.disableStdin : mode === 'interactive',
      stdin: !flags.disableStdin,
      environment,
      cwd: flags.cwd ?? '',
      user: flags.user,
      group: flags.group,
    });
  },
});

export interface RunOptions {
  pty: boolean;
  stdin: boolean;
  environment: Record<string, string>;
  cwd: string;
  user: number;
  group: number;
}

/** Runs a command in an instance with the caller's streams; its exit code. */
export async function runCommand(
  call: Pick<Call, 'io' | 'client' | 'config'>,
  name: string,
  command: string[],
  options: RunOptions,
): Promise<number> {
  const { io, client } = call;
  const { columns, rows } = options.pty ? io.size() : { columns: 0, rows: 0 };
  const operation = await client.instances.exec(name, {
    command,
    'wait-for-websocket': true,
    interactive: options.pty,
    environment: { ...(io.env.TERM ? { TERM: io.env.TERM } : {}), ...options.environment },
    width: columns,
    height: rows,
    'record-output': false,
    user: options.user,
    group: options.group,
    cwd: options.cwd,
  });
  const done = await join(call, operation, { pty: options.pty, stdin: options.stdin });
  const code = done.metadata?.return;
  return typeof code === 'number' ? code : 0;
}
