import { CommandError, UsageError } from './verb.ts';

/**
 * What stands before the first colon of a name as it is typed, and what after it. There is one server so far: no remote and
 * `local:` both mean it. CommandError for any other.
 */
function split(typed: string): { remote: boolean; name: string } {
  const at = typed.indexOf(':');
  if (at < 0) return { remote: false, name: typed };
  const remote = typed.slice(0, at);
  if (remote !== 'local' && remote !== '')
    throw new CommandError(`The remote "${remote}" doesn't exist: this version works with the local server only`);
  return { remote: true, name: typed.slice(at + 1) };
}

/** The name of a `thing` (for the error: profile, network) without its remote. */
export function localName(typed: string, thing: string): string {
  const { name } = split(typed);
  if (name === '') throw new UsageError(`The name of ${/^[aeiou]/.test(thing) ? 'an' : 'a'} ${thing} is missing`);
  return name;
}

/** The name of an instance. */
export function instanceName(typed: string): string {
  const name = localName(typed, 'instance');
  if (name.includes('/')) throw new CommandError(`"${name}" names a snapshot, and an instance is needed`);
  return name;
}

/** The name of an instance, or of a snapshot of one: `c1/snap0`. */
export function instanceOrSnapshot(typed: string): { name: string; snapshot: string | null } {
  const whole = localName(typed, 'instance');
  const at = whole.indexOf('/');
  if (at < 0) return { name: whole, snapshot: null };
  const [name, snapshot] = [whole.slice(0, at), whole.slice(at + 1)];
  if (name === '' || snapshot === '' || snapshot.includes('/')) throw new UsageError(`"${whole}" is not of the form instance/snapshot`);
  return { name, snapshot };
}

/** A word that may be a name or a remote alone; null: the server itself. */
export function nameOrServer(typed: string | undefined): string | null {
  return (typed === undefined ? '' : split(typed).name) || null;
}

/** The `[remote]` of verbs that work on all there is. UsageError for a name. */
export function onlyRemote(typed: string | undefined): void {
  if (typed === undefined) return;
  const { remote, name } = split(typed);
  if (!remote || name !== '') throw new UsageError(`"${typed}" is not a remote, which ends in a colon: local:`);
}

/** Filters of a list, of which any may begin with a remote; one that is a remote alone filters nothing. Values may hold colons. */
export function localFilters(words: readonly string[]): string[] {
  return words.map((word) => (/^[\w.-]*:/.test(word) ? split(word).name : word)).filter((word) => word !== '');
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
