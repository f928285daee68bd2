import { LxctlClient } from '#lib/client';
import { delay } from '#lib/base';
import { print } from '../output/print.ts';
import { printableLine, steers } from '../output/printable.ts';
import type { Surroundings } from '../run/execute.ts';
import { find, isGroup, type Leaf } from '../run/tree.ts';
import type { AnyVerb } from '../run/verb.ts';
import { tree } from '../tree.ts';
import { keyCandidates, pairCandidates } from './keys.ts';
import { type Line, type Place, placesAt, placesOf, readLine } from './line.ts';
import { type Asked, type Candidate, keysSet, sources } from './names.ts';

/** Somebody waits at the keyboard: names that take longer are left out. */
const patienceMs = 1000;

/** Said in place of words: the shell is to complete the name of a file. */
const files: Candidate = { word: ':files' };

/**
 * What the scripts of the shells ask: the words typed so far, the last one being completed (it may be empty). Prints a
 * candidate a line, with what it is behind a tab. Never fails: what cannot be found out is left out.
 */
export async function answer(words: readonly string[], { io, transport }: Pick<Surroundings, 'io' | 'transport'>): Promise<number> {
  const candidates = await complete(words, (project) => new LxctlClient(transport, { project }));
  // A name that would steer the terminal cannot be typed: it is shown as no word at all.
  for (const { word, about = '' } of candidates) if (!steers(word)) print(io, `${word}\t${printableLine(about)}`);
  return 0;
}

async function complete(words: readonly string[], clientOf: (project?: string) => LxctlClient): Promise<Candidate[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1).filter((word, at) => !(at === 0 && word === 'help'));
  const { path, node, rest } = find(tree, before);
  if (isGroup(node)) {
    if (rest.length > 0) return [];
    return Object.entries<Leaf | { about: string }>(node.verbs)
      .map(([word, { about }]) => ({ word, about }))
      .filter(({ word }) => word.startsWith(current));
  }
  const { verb } = await node.load();
  const line = readLine(verb, rest);
  const found = await candidatesOf(path, verb, line, current, clientOf(line.project));
  return unique(found).filter((each) => each === files || each.word.startsWith(current));
}

async function candidatesOf(
  path: readonly string[],
  verb: AnyVerb,
  line: Line,
  current: string,
  client: LxctlClient,
): Promise<Candidate[]> {
  const asked: Asked = { client, current, args: line.args };
  if (line.valueOf) return valuesOf(line.valueOf, asked);
  if (line.flagsAllowed && current.startsWith('-')) {
    const [name = '', value] = current.split('=', 2);
    const flag = line.flags.find(({ words }) => words.includes(name));
    if (flag && value !== undefined)
      return (await valuesOf(flag, { ...asked, current: value })).map(({ word, about }) => ({
        word: `${name}=${word}`,
        about: about ?? '',
      }));
    return line.flags.flatMap((each) => each.words.map((word) => ({ word, about: each.flag.about })));
  }
  const found = await Promise.all(placesAt(placesOf(verb), line.args.length).map((place) => atPlace(path, place, asked)));
  return found.flat();
}

/** What the values of a flag are, by its long name. */
const flagSources: Readonly<Record<string, string>> = {
  '--profile': 'profile',
  '--network': 'network',
  '--storage': 'pool',
  '--project': 'project',
};

async function valuesOf({ flag, words, value }: NonNullable<Line['valueOf']>, asked: Asked): Promise<Candidate[]> {
  if (flag.words) return flag.words.map((word) => ({ word }));
  const long = words.at(-1) ?? '';
  if (long === '--config') return pairCandidates('', true, asked.current);
  if (/file|directory/.test(value) && long !== '--cwd') return [files];
  return named(flagSources[long] ?? '', asked);
}

/** What may stand at one place of a verb's usage. */
async function atPlace(path: readonly string[], { shape }: Place, asked: Asked): Promise<Candidate[]> {
  const what = shape.replace(/\.\.\.|[<>[\]]/g, '');
  const group = path
    .slice(0, -1)
    .join(' ')
    .replace(/^config device$|^profile device$/, '');
  const isNamed = group !== 'config' || asked.args.length > 0;
  switch (what) {
    case 'key=value':
      return path.includes('device') ? [] : pairCandidates(group, isNamed, asked.current);
    case 'key': {
      if (path.includes('device')) return [];
      const now = await soon(keysSet(asked, group));
      return [...keyCandidates(group, isNamed), ...now.map((word) => ({ word }))];
    }
    case 'remote':
      return [{ word: 'local:' }];
    case 'profiles': {
      const done = asked.current.slice(0, asked.current.lastIndexOf(',') + 1);
      return (await named('profile', asked)).map(({ word }) => ({ word: `${done}${word}` }));
    }
    default:
      return /file|path|directory|tarball|target/.test(what) && !/API/.test(what) ? [files] : named(sourceOf(path, what), asked);
  }
}

/** The name of the source of what a verb's usage calls so. */
function sourceOf(path: readonly string[], what: string): string {
  if (what === 'type/volume/snapshot') return 'volume/snapshot';
  if (what === 'snapshot' && path[0] === 'storage') return 'snapshot of a volume';
  if (what !== 'device') return what;
  if (path[0] === 'profile') return 'device of a profile';
  return path.at(-1) === 'override' ? 'device of its profiles' : 'device of an instance';
}

async function named(what: string, asked: Asked): Promise<Candidate[]> {
  const source = Object.hasOwn(sources, what) ? sources[what] : undefined;
  return source ? (await soon(source(asked))).map((word) => ({ word })) : [];
}

/** Nothing when the server does not answer soon, or not with this. */
async function soon(asking: Promise<readonly string[]>): Promise<readonly string[]> {
  const enough = new AbortController();
  const none: readonly string[] = [];
  const names = await Promise.race([asking.catch(() => none), delay(patienceMs, enough.signal).then(() => none)]);
  enough.abort();
  return names;
}

function unique(candidates: readonly Candidate[]): Candidate[] {
  return [...new Map(candidates.toReversed().map((each) => [each.word, each])).values()].reverse();
}
