import { onlyRemote } from '../../run/name.ts';
import type { LifecycleMetadata, WireEvent, WireOperation } from '#lib/contract';
import { print, printJson, printYaml } from '../../output/print.ts';
import type { Io } from '../../run/io.ts';
import { choice, CommandError, defineVerb, many, text, toggle } from '../../run/verb.ts';

const levels = ['trace', 'debug', 'info', 'warning', 'error'];

export const verb = defineVerb({
  args: '[remote]',
  details: 'Shows events as they happen, until it is interrupted.',
  examples: ['lxctl monitor --type=lifecycle', 'lxctl monitor --pretty --type=logging --loglevel=info'],
  flags: {
    type: many('--type <type>', 'logging, lifecycle or operation (may be repeated)'),
    format: choice('-f, --format <format>', 'Format', ['json', 'pretty', 'yaml'], 'yaml'),
    pretty: toggle('--pretty', 'The same as --format=pretty'),
    loglevel: text('--loglevel <level>', `Least level of log messages to show: ${levels.join(', ')}`),
    allProjects: toggle('--all-projects', 'Events of all projects'),
  },
  async run({ args, flags, client, io }) {
    onlyRemote(args[0]);
    const format = flags.pretty ? 'pretty' : flags.format;
    const least = flags.loglevel === undefined ? 0 : levels.indexOf(flags.loglevel);
    if (least < 0) throw new CommandError(`"${flags.loglevel}" is not a log level: ${levels.join(', ')}`);
    let shown = Promise.resolve();
    const show = (event: WireEvent) => {
      if (event.type === 'logging' && levels.indexOf((event.metadata as { level: string }).level) < least) return;
      // One after another: making YAML is asynchronous the first time.
      shown = shown.then(() => write(io, event, format));
    };
    const stream = await client.events.stream({ types: flags.type, allProjects: flags.allProjects }, show);
    let interrupted = false;
    const off = io.onSignal('SIGINT', () => {
      interrupted = true;
      stream.close();
    });
    await stream.closed;
    await shown;
    off();
    if (!interrupted) throw new CommandError('The server ended the stream of events');
  },
});

async function write(io: Io, event: WireEvent, format: 'json' | 'pretty' | 'yaml'): Promise<void> {
  if (format === 'json') return printJson(io, event);
  if (format === 'pretty') return print(io, pretty(event));
  await printYaml(io, event);
  print(io, '');
}

/** One line: time, kind, what happened, its details. */
export function pretty(event: WireEvent): string {
  const { what, context } = summary(event);
  const pairs = Object.entries(context ?? {}).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return [event.timestamp, what, ...pairs].join(' ');
}

function summary(event: WireEvent): { what: string; context?: Record<string, unknown> | undefined } {
  if (event.type === 'logging') {
    const { level, message, context } = event.metadata as { level: string; message: string; context?: Record<string, unknown> };
    return { what: `${level.toUpperCase()} ${message}`, context };
  }
  if (event.type === 'lifecycle') {
    const { action, source, context } = event.metadata as LifecycleMetadata;
    return { what: `LIFECYCLE ${action} ${source}`, context };
  }
  const { id, description, status, err } = event.metadata as WireOperation;
  return { what: `OPERATION ${id} ${description}: ${status}${err ? `: ${err}` : ''}` };
}
