import { Command, CommanderError, Option } from 'commander';
import { lackOfFlag } from '../absent-flags.ts';
import { type AnyVerb, type Flag, type FlagSet, text, toggle, UsageError } from './verb.ts';

/** Flags that every verb takes. */
export const globalFlags = {
  project: text('--project <name>', 'Project to work in'),
  quiet: toggle('-q, --quiet', 'No progress, no remarks'),
  forceLocal: toggle('--force-local', 'Use the local unix socket (there is no other way yet)'),
  debug: toggle('--debug', 'Show the stack of a failure'),
  verbose: toggle('-v, --verbose', 'Accepted for compatibility'),
} satisfies FlagSet;

export interface Parsed {
  args: unknown[];
  flags: Record<string, unknown>;
  globals: { project?: string; quiet: boolean; debug: boolean };
}

/** Words after the verb, taken apart; or the help, when it was asked for. UsageError. */
export function parseCall(path: string, about: string, verb: AnyVerb, words: readonly string[]): Parsed | { help: string } {
  const values: Record<string, unknown> = {};
  const command = commandOf(path, about, verb, values);
  try {
    command.parse(optionalValues(words), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === 'commander.helpDisplayed') return { help: `${command.helpInformation()}${examples(verb)}` };
    throw usageError(error, path, verb);
  }
  const { project, quiet, debug } = values as Parsed['globals'];
  return { args: flatten(command), flags: values, globals: { project, quiet, debug } };
}

export function helpOf(path: string, about: string, verb: AnyVerb): string {
  return `${commandOf(path, about, verb, {}).helpInformation()}${examples(verb)}`;
}

function examples(verb: AnyVerb): string {
  return verb.examples?.length ? `\nExamples:\n${verb.examples.map((line) => `  ${line}`).join('\n')}\n` : '';
}

function commandOf(path: string, about: string, verb: AnyVerb, values: Record<string, unknown>): Command {
  const command = new Command(path).exitOverride().configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
  command.description(verb.details ? `${about}\n\n${paragraphs(verb.details)}` : about);
  command.usage(`${verb.usage ?? verb.args}${verb.args ? ' ' : ''}[flags]`);
  command.helpOption('-h, --help', 'Show this help');
  for (const word of verb.args.split(' ').filter(Boolean)) command.argument(word);
  for (const [name, flag] of Object.entries<Flag<unknown>>({ ...verb.flags, ...globalFlags })) {
    values[name] = flag.start;
    const option = new Option(flag.spec, flag.about);
    command.addOption(option);
    command.on(`option:${option.name()}`, (given: string | null) => {
      values[name] = flag.take(given ?? true, values[name]);
    });
  }
  return command;
}

/** Rest arguments join the tuple flat: `Words` has them as the tail. */
function flatten(command: Command): unknown[] {
  return command.processedArgs.flatMap((value: unknown) => (Array.isArray(value) ? (value as unknown[]) : [value]));
}

/** Lines of one paragraph flow together; the help breaks them for the terminal. */
function paragraphs(details: string): string {
  return details.replace(/([^\n])\n(?=[^\n])/g, '$1 ');
}

/** `--console=console` is LXD's long form of the toggle. */
function optionalValues(words: readonly string[]): string[] {
  const end = words.indexOf('--');
  return words.map((word, at) => (word === '--console=console' && (end < 0 || at < end) ? '--console' : word));
}

function usageError(error: CommanderError, path: string, verb: AnyVerb): UsageError {
  const [line = ''] = error.message.replace(/^error: /, '').split('\n');
  const [, flag] = /^unknown option '(--[^']+)'/.exec(line) ?? [];
  const lack = flag === undefined ? undefined : lackOfFlag(path.replace(/^lxctl /, ''), flag);
  if (lack !== undefined) return new UsageError(`"${path} ${flag?.split('=')[0]}" is not supported: this version does not have ${lack}`);
  const dashes = error.code === 'commander.unknownOption' && verb.args.includes('...>') && path.endsWith('exec');
  return new UsageError(`${line} (${dashes ? 'put -- before a command that has flags; ' : ''}see "${path} --help")`);
}
