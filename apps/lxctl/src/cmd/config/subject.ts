import { instanceSubject, serverSubject, type Subject } from '../../noun/subject.ts';
import { instanceName, nameOrServer } from '../../run/name.ts';
import { type Call, UsageError } from '../../run/verb.ts';

type Context = Pick<Call, 'io' | 'client' | 'config'>;

/** No name: the server. */
export function namedSubject(call: Context, typed: string | undefined): Subject {
  const name = nameOrServer(typed);
  return name === null ? serverSubject(call) : instanceSubject(call, instanceName(name));
}

/** `[instance] key`: one word is a key of the server. */
export function subjectAndKey(call: Context, words: readonly string[]): { subject: Subject; key: string } {
  const [first, second] = words;
  if (first === undefined || words.length > 2) throw new UsageError('expected [instance] <key>');
  return second === undefined ? { subject: serverSubject(call), key: first } : { subject: namedSubject(call, first), key: second };
}

/** `[instance] key=value...`; names of instances hold neither `=` nor `.`, so the first word tells. */
export function subjectAndPairs(call: Context, words: readonly string[]): { subject: Subject; pairs: readonly string[] } {
  const [first = ''] = words;
  if (first.includes('=') || first.includes('.')) return { subject: serverSubject(call), pairs: words };
  if (words.length < 2) throw new UsageError('expected [instance] <key>=<value>...');
  return { subject: namedSubject(call, first), pairs: words.slice(1) };
}
