import { refuse } from '#lib/contract';

/**
 * Postgres holds neither NUL nor half of a surrogate pair in a text (its documentation, section 8.3), and neither reaches
 * a program or a file name. LxError 'request.invalid' that names each field of `value` that has one; `name` is that of the
 * whole.
 */
export function refuseUnstorable(value: unknown, name = ''): void {
  const problems: string[] = [];
  // Not recursive: a body may be nested as deep as its size allows.
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

/** What keeps a text from being stored; null when nothing does. */
function unstorable(text: string): string | null {
  if (text.includes('\0')) return 'a NUL character';
  // isWellFormed of ES2024, which the types of this version do not have yet.
  return /\p{Surrogate}/u.test(text) ? 'half of a surrogate pair' : null;
}
