import { LxctlClient, type Transport } from '#lib/client';
import type { Io } from './io.ts';
import type { Parsed } from './parse.ts';
import type { Tree } from './tree.ts';
import type { AnyVerb } from './verb.ts';

export interface Surroundings {
  io: Io;
  transport: Transport;
  version: string;
  socketPath: string;
  now: () => Date;
}

/** Parses the words and runs the verb; the exit code. */
export async function execute(
  path: string,
  about: string,
  verb: AnyVerb,
  words: readonly string[],
  around: Surroundings & { verbs: Tree },
): Promise<number> {
  const parsed = bare(verb, words) ?? (await import('./parse.ts')).parseCall(path, about, verb, words);
  if ('help' in parsed) {
    around.io.stdout.write(parsed.help);
    return 0;
  }
  const { args, flags, globals } = parsed;
  const client = new LxctlClient(around.transport, { project: globals.project });
  const config = { version: around.version, socketPath: around.socketPath, quiet: globals.quiet };
  return (await verb.run({ args, flags, io: around.io, client, config, now: around.now, verbs: around.verbs } as never)) ?? 0;
}

/** A verb alone, as in `lxctl list`, needs no parser: it costs a tenth of the start. */
function bare(verb: AnyVerb, words: readonly string[]): Parsed | null {
  if (words.length > 0 || verb.args.includes('<')) return null;
  const flags = Object.fromEntries(Object.entries<{ start: unknown }>(verb.flags).map(([name, flag]) => [name, flag.start]));
  return { args: [], flags, globals: { quiet: false, debug: false } };
}
