import { refuse } from '../errors/index.ts';

/** Problems of a snapshot's name, in LXD's words; empty when it is good. It is a segment of URLs and the name of a link. */
export function snapshotNameProblems(name: string): string[] {
  const problems: string[] = [];
  if (name.includes('/')) problems.push('Invalid snapshot name: Cannot contain "/"');
  else if (name === '') problems.push('Invalid snapshot name: Name is required');
  else if (/\s/.test(name)) problems.push('Invalid instance snapshot name: Cannot contain space or / characters');
  else if (name === '.' || name === '..' || /[\x00-\x1f\x7f]/.test(name)) problems.push(`Invalid snapshot name: ${JSON.stringify(name)}`);
  if (Buffer.byteLength(name) > 190) problems.push('Invalid snapshot name: Name must be at most 190 bytes long');
  return problems;
}

/** The name of the next snapshot: the pattern with the lowest number above those in use. */
export function nextSnapshotName(pattern: string, taken: readonly string[]): string {
  const [before, after] = splitAt(pattern);
  if (after === undefined) return taken.includes(pattern) ? nextSnapshotName(`${pattern}-%d`, taken) : pattern;
  const numbers = taken
    .filter((name) => name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after))
    .map((name) => name.slice(before.length, name.length - after.length))
    .filter((text) => /^\d{1,15}$/.test(text))
    .map(Number);
  return `${before}${Math.max(-1, ...numbers) + 1}${after}`;
}

/** The same, for a pattern that may make what is no name. LxError 'request.invalid'. */
export function nextGoodName(pattern: string, taken: readonly string[]): string {
  const name = nextSnapshotName(pattern, taken);
  refuse(snapshotNameProblems(name));
  return name;
}

function splitAt(pattern: string): [string, string?] {
  const at = pattern.indexOf('%d');
  return at < 0 ? [pattern] : [pattern.slice(0, at), pattern.slice(at + 2)];
}
