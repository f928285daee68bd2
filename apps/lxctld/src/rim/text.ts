import { refuse } from '#lib/contract';

/**
 * Refuses texts that Postgres cannot store: those with a NUL character or half of a surrogate pair (its documentation,
 * section 8.3). Throws LxError 'request.invalid' naming each such field of `value`; `name` is the name of `value` itself.
 */
export function refuseUnstorable(value: unknown, name = ''): void {
  const problems: string[] = [];
  // Not recursive, because the nesting of a body is limited by its size alone.
  const waiting: [value: unknown, path: string][] = [[value, name]];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const [each, path] = next;
    if (typeof each === 'string') {
      const reason = unstorable(each);
      if (reason) problems.push(`Invalid value for ${JSON.stringify(path)}: it holds ${reason}`);
    } else if (Array.isArray(each)) {
      for (const [at, entry] of each.entries()) waiting.push([entry, `${path}[${at}]`]);
    } else if (typeof each === 'object' && each !== null) {
      for (const [key, entry] of Object.entries(each)) {
        const reason = unstorable(key);
        if (reason) problems.push(`Invalid name ${JSON.stringify(key)}${path && ` in ${JSON.stringify(path)}`}: it holds ${reason}`);
        else waiting.push([entry, path ? `${path}.${key}` : key]);
      }
    }
  }
  refuse(problems.reverse());
}

/** The reason why a text cannot be stored, or null. */
function unstorable(text: string): string | null {
  if (text.includes('\0')) return 'a NUL character';
  // String.isWellFormed is not in the type definitions of this TypeScript target.
  return /\p{Surrogate}/u.test(text) ? 'half of a surrogate pair' : null;
}
