import type { LxctlClient } from '#lib/client';
import type { Io } from './io.ts';
import type { Tree } from './tree.ts';

/** One flag of a verb; `T` is what `run` gets. */
export interface Flag<T> {
  /** As in the help: `-c, --config <key=value>`. */
  spec: string;
  about: string;
  start: T;
  /** All values that it takes, where they are few. */
  words?: readonly string[];
  take(text: string | true, before: T): T;
}
export type FlagSet = Record<string, Flag<unknown>>;
export type FlagValues<F extends FlagSet> = { [K in keyof F]: F[K] extends Flag<infer T> ? T : never };

/** true when given. */
export function toggle(spec: string, about: string): Flag<boolean> {
  return { spec, about, start: false, take: () => true };
}

/** The text given last, or what is assumed. */
export function text(spec: string, about: string): Flag<string | undefined>;
export function text(spec: string, about: string, assumed: string): Flag<string>;
export function text(spec: string, about: string, assumed?: string): Flag<string | undefined> {
  return { spec, about: assumed ? `${about} (default "${assumed}")` : about, start: assumed, take: (given) => String(given) };
}

/** May be repeated. */
export function many(spec: string, about: string): Flag<string[]> {
  return { spec, about, start: [], take: (given, before) => [...before, String(given)] };
}

export function integer(spec: string, about: string, assumed: number): Flag<number> {
  const take = (given: string | true) => {
    if (!/^-?\d+$/.test(String(given))) throw new UsageError(`"${given}" is not a whole number (${spec})`);
    return Number(given);
  };
  return { spec, about: `${about} (default ${assumed})`, start: assumed, take };
}

/** One of a list of words. */
export function choice<const W extends string>(spec: string, about: string, words: readonly W[], assumed: W): Flag<W> {
  const take = (given: string | true) => {
    const word = words.find((known) => known === given);
    if (!word) throw new UsageError(`"${given}" is not one of ${words.join(', ')} (${spec})`);
    return word;
  };
  return { spec, about: `${about}: ${words.join(', ')} (default "${assumed}")`, start: assumed, words, take };
}

/** `'<image> [name]'` as a tuple: `[string, string | undefined]`; a word with dots takes the rest. */
export type Words<S extends string> = S extends '' ? [] : S extends `${infer A} ${infer R}` ? [...Word<A>, ...Words<R>] : Word<S>;
type Word<W extends string> = W extends `${string}...${string}` ? string[] : W extends `<${string}` ? [string] : [string | undefined];

/** What a verb gets. Everything it touches comes in here, so a spec runs it without a process. */
export interface Call<A extends string = string, F extends FlagSet = FlagSet> {
  args: Words<A>;
  flags: FlagValues<F>;
  io: Io;
  client: LxctlClient;
  config: CallConfig;
  now: () => Date;
  /** All verbs, for those that tell of them. */
  verbs: Tree;
}

export interface CallConfig {
  version: string;
  socketPath: string;
  quiet: boolean;
}

export interface Verb<A extends string = string, F extends FlagSet = FlagSet> {
  /** Arguments in order: `<needed>`, `[optional]`, `<some...>`. */
  args: A;
  /** Shown in place of `args` where words cannot say it. */
  usage?: string;
  details?: string;
  examples?: readonly string[];
  flags: F;
  /** The exit code; nothing means 0. */
  // biome-ignore lint/suspicious/noConfusingVoidType: most verbs end without a code
  run(call: Call<A, F>): Promise<number | void>;
}

/** A verb of whatever arguments and flags: what the tree holds. Only `execute` runs it, with what the parser made. */
export interface AnyVerb extends Omit<Verb, 'run'> {
  run(call: never): ReturnType<Verb['run']>;
}

/** Keeps the literal types of a verb's arguments and flags. */
export function defineVerb<const A extends string, F extends FlagSet>(verb: Verb<A, F>): Verb<A, F> {
  return verb;
}

/** Wrong use of the command: shown with a pointer to the help. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** A failure in our own words, one line. */
export class CommandError extends Error {
  override name = 'CommandError';
}
