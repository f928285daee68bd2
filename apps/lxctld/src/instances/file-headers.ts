import type { IncomingHttpHeaders } from 'node:http';
import { LxError, refuse } from '#lib/contract';
import type { FileFacts, NewFile } from '#lib/instance';

export interface FilePost extends NewFile {
  type: FileFacts['type'];
  append: boolean;
}

const types = ['file', 'directory', 'symlink'] as const;

/** What the headers X-LXD-* or X-Incus-* say of a file that is sent. */
export function filePost(headers: IncomingHttpHeaders): FilePost {
  const header = (name: string) => String(headers[`x-lxd-${name}`] ?? headers[`x-incus-${name}`] ?? '');
  const type = types.find((known) => known === (header('type') || 'file'));
  if (!type) throw new LxError('file.bad_type', { type: header('type') });
  const write = header('write') || 'overwrite';
  if (write !== 'overwrite' && write !== 'append') throw new LxError('file.bad_write', { mode: write });
  const problems: string[] = [];
  const id = (name: string) => {
    const value = header(name) === '' ? 0 : wholeNumber(header(name), 2 ** 32 - 2);
    if (value === null) problems.push(`Invalid ${name} "${header(name)}": a number from 0 to 4294967294 is needed`);
    return value ?? 0;
  };
  const [uid, gid] = [id('uid'), id('gid')];
  const mode = header('mode') === '' ? null : modeOf(header('mode'));
  if (mode === undefined) problems.push(`Invalid mode "${header('mode')}": octal digits as in 0644 are needed`);
  refuse(problems);
  return { type, append: write === 'append', uid, gid, mode: mode ?? null };
}

/**
 * Clients send four octal digits, of which the first is not always a zero (4755). A number without leading zero is decimal as
 * in LXD (420 is 0644), unless it has four octal digits.
 */
function modeOf(text: string): number | undefined {
  if (/^(0o?[0-7]{0,4}|[0-7]{4})$/.test(text)) return Number.parseInt(text.replace(/^0o/, '0'), 8);
  return text.startsWith('0') ? undefined : (wholeNumber(text, 0o7777) ?? undefined);
}

function wholeNumber(text: string, most: number): number | null {
  return /^\d{1,10}$/.test(text) && Number(text) <= most ? Number(text) : null;
}

/** What is said of a file that is there, to both families of clients. */
export function fileHeaders({ type, uid, gid, mode, modified }: FileFacts): Record<string, string> {
  const facts = { type, uid: String(uid), gid: String(gid), mode: mode.toString(8).padStart(4, '0'), modified: goTime(modified) };
  return Object.fromEntries(
    ['x-lxd', 'x-incus'].flatMap((family) => Object.entries(facts).map(([name, value]) => [`${family}-${name}`, value])),
  );
}

/** As Go prints a time: 2026-11-25 17:21:43 +0000 UTC. */
function goTime(time: Date): string {
  return `${time.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}
