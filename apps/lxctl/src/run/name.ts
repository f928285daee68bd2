import { CommandError, UsageError } from './verb.ts';

/**
 * A name as it is typed, without LXD's remote. Only `local:` exists so far.
 * CommandError for another remote.
 */
export function localName(typed: string): string {
  const at = typed.indexOf(':');
  if (at < 0) return typed;
  const remote = typed.slice(0, at);
  if (remote !== 'local' && remote !== '')
    throw new CommandError(`The remote "${remote}" is not known: this version works with the local server only`);
  return typed.slice(at + 1);
}

/** The name of an instance. */
export function instanceName(typed: string): string {
  const name = localName(typed);
  if (name === '') throw new UsageError('The name of an instance is missing');
  if (name.includes('/')) throw new CommandError(`"${name}" names a snapshot, which this version does not support`);
  return name;
}

/** `key=value` words as a map; a single `key value` pair is the old form. UsageError names the bad word. */
export function keyValues(words: readonly string[]): Record<string, string> {
  const [key, value] = words;
  if (words.length === 2 && key !== undefined && value !== undefined && !key.includes('=')) return { [key]: value };
  const pairs: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    if (at <= 0) throw new UsageError(`"${word}" is not of the form key=value`);
    pairs[word.slice(0, at)] = word.slice(at + 1);
  }
  return pairs;
}
