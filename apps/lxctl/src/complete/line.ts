import { globalFlags } from '../run/parse.ts';
import type { AnyVerb, Flag } from '../run/verb.ts';

/** A place in a verb's usage: what its words mean (`instance`, `key`), and what is written around them. */
export interface Place {
  /** As in the usage: `<instance>[/<snapshot>]...`. */
  shape: string;
  optional: boolean;
  repeated: boolean;
}

/** A flag as the shell sees it. */
interface KnownFlag {
  flag: Flag<unknown>;
  /** `-c`, `--config`. */
  words: string[];
  /** `<key=value>`; '' for a toggle. */
  value: string;
}

/** The words behind a verb, taken apart as far as they are written. */
export interface Line {
  /** Words that are no flags. */
  args: string[];
  /** The flag whose value the current word is; null: none. */
  valueOf: KnownFlag | null;
  /** The current word may be a flag. */
  flagsAllowed: boolean;
  flags: KnownFlag[];
  project: string | undefined;
}

export function flagsOf(verb: AnyVerb): KnownFlag[] {
  return Object.values<Flag<unknown>>({ ...verb.flags, ...globalFlags }).map((flag) => {
    const [names = '', value = ''] = flag.spec.split(/ (?=[<[])/);
    return { flag, words: names.split(', '), value };
  });
}

/** `before`: the words between the verb and the current one. */
export function readLine(verb: AnyVerb, before: readonly string[]): Line {
  const flags = flagsOf(verb);
  const line: Line = { args: [], valueOf: null, flagsAllowed: true, flags, project: undefined };
  for (const word of before) {
    if (line.valueOf) {
      if (line.valueOf.words.includes('--project')) line.project = word;
      line.valueOf = null;
    } else if (line.flagsAllowed && word === '--') {
      line.flagsAllowed = false;
    } else if (line.flagsAllowed && word.startsWith('-')) {
      const [name = '', given] = word.split('=', 2);
      const flag = flags.find(({ words }) => words.includes(name));
      if (flag?.value && given === undefined) line.valueOf = flag;
      else if (given !== undefined && name === '--project') line.project = given;
    } else {
      line.args.push(word);
    }
  }
  return line;
}

export function placesOf(verb: AnyVerb): Place[] {
  return (verb.usage ?? verb.args)
    .split(' ')
    .filter((shape) => shape !== '' && shape !== '[--]')
    .map((shape) => ({ shape, optional: shape.startsWith('['), repeated: shape.includes('...') }));
}

/** What the word at this position may be: one that is optional may have been left out before others that are not. */
export function placesAt(places: readonly Place[], at: number): Place[] {
  const here = places[at] ?? (places.at(-1)?.repeated ? places.at(-1) : undefined);
  const next = places[at + 1];
  return [here, here?.optional && at === 0 && next && !next.optional ? next : undefined].filter((place) => place !== undefined);
}
